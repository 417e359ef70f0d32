import { type ErrorCode, MillraceError } from '@millrace/core'

/**
 * What an error of Kinesis asks for.
 * - `throttle`: the same again, later.
 * - `transient`: the same again; what was put may have landed.
 * - `position`: a new iterator, behind what was delivered last.
 * - `listing`: the listing from its beginning.
 * - `gone`: the shard or its stream is no more.
 * - `configuration`: somebody has to change something; then it works.
 */
export type ErrorClass = 'throttle' | 'transient' | 'position' | 'listing' | 'gone' | 'configuration'

const classes: Readonly<Record<string, ErrorClass>> = {
  ProvisionedThroughputExceededException: 'throttle',
  LimitExceededException: 'throttle',
  KMSThrottlingException: 'throttle',
  ThrottlingException: 'throttle',
  ExpiredIteratorException: 'position',
  ExpiredNextTokenException: 'listing',
  ResourceNotFoundException: 'gone',
  AccessDeniedException: 'configuration',
  KMSAccessDeniedException: 'configuration',
  KMSDisabledException: 'configuration',
  KMSInvalidStateException: 'configuration',
  KMSNotFoundException: 'configuration',
  KMSOptInRequired: 'configuration',
  ValidationException: 'configuration',
  InvalidArgumentException: 'configuration',
  UnrecognizedClientException: 'configuration',
  InvalidSignatureException: 'configuration',
  CredentialsProviderError: 'configuration',
}

const cures: Readonly<Record<ErrorClass, string>> = {
  throttle: 'it is tried again; if it lasts, add shards or take other consumers off the stream',
  transient: 'it is tried again',
  position: 'reading goes on behind the last record that was delivered',
  listing: 'the listing begins again',
  gone: 'see whether the stream was deleted',
  configuration: 'it is tried again, slowly; see the permissions, the KMS key and the options',
}

/** The class of an error that a call of Kinesis has thrown; what is not known is transient. */
export const classOf = (error: unknown): ErrorClass => classes[nameOf(error)] ?? 'transient'

/** The code that the service has given, or the name of another error. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}

/** Where a call was about to do something. */
export interface Where {
  readonly operation: string
  readonly stream: string
  readonly shard?: string | undefined
  /** Of the topology. */
  readonly partition?: string | undefined
  readonly position?: string | undefined
}

/** The error as the framework is told of it: always retryable, as a key or a permission may come back. */
export function kinesisError(code: Extract<ErrorCode, 'SOURCE' | 'SINK'>, error: unknown, where: Where): MillraceError {
  const { operation, stream, shard, partition, position } = where
  const message = error instanceof Error ? error.message : String(error)
  const place = shard === undefined ? `stream ${stream}` : `stream ${stream}, shard ${shard}`
  const text = `${operation} of ${place}: ${nameOf(error)}: ${message}; ${cures[classOf(error)]}`
  return new MillraceError(code, text, {
    cause: error,
    retryable: true,
    ...(partition !== undefined && { partition }),
    ...(position !== undefined && { position }),
  })
}
