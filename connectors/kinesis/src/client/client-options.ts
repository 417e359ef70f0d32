import { badOption } from '@millrace/core'

/** Static credentials, or what gives some. */
export type Credentials =
  | { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
  | (() => Promise<{ accessKeyId: string; secretAccessKey: string; sessionToken?: string; expiration?: Date }>)

/** A role of another account, assumed with the credentials that there are. */
export interface AssumedRole {
  readonly arn: string
  readonly externalId?: string
  /** @default 'millrace' */
  readonly sessionName?: string
}

/** How Kinesis is reached. */
export interface KinesisClientOptions {
  /** @default that of the environment (`AWS_REGION`) or the profile */
  readonly region?: string
  /** URL of another server than that of the region: a VPC endpoint, a stand-in. */
  readonly endpoint?: string
  /** @default the chain of the AWS SDK: environment, web identity, container, instance */
  readonly credentials?: Credentials
  readonly role?: AssumedRole
}

/** Whether this is the name or the ARN of a stream. */
export const isStream = (value: unknown): boolean =>
  typeof value === 'string' && /^(arn:[^/]+:stream\/)?[a-zA-Z0-9_.-]{1,128}$/.test(value)

/** Checks {@link KinesisClientOptions}. @throws MillraceError BAD_OPTION, naming the field */
export function checkClientOptions({ endpoint, region, role }: KinesisClientOptions, what: string): void {
  if (endpoint !== undefined && (typeof endpoint !== 'string' || !/^https?:\/\//.test(endpoint)))
    throw badOption(`${what}: \`endpoint\` is '${String(endpoint)}'; give a URL with http:// or https://`)
  if (region === '') throw badOption(`${what}: \`region\` is empty; leave it out for that of the environment`)
  if (role !== undefined && (typeof role?.arn !== 'string' || !role.arn.startsWith('arn:')))
    throw badOption(`${what}: \`role.arn\` is '${String(role?.arn)}'; give the ARN of a role`)
}
