import { type ErrorCode, isMillraceError, MillraceError } from '@millrace/core'

/** An error as it goes from one thread to another: all that is said of it. */
export interface PlainError {
  readonly name: string
  readonly message: string
  readonly stack?: string | undefined
  readonly code?: ErrorCode
  readonly retryable?: boolean
  readonly node?: string | undefined
  readonly partition?: string | undefined
  readonly position?: string | undefined
  readonly cause?: PlainError
  readonly errors?: readonly PlainError[]
}

/** Causes may go in a circle. */
const mostCauses = 10

/** Takes an error apart. */
export function toPlain(error: unknown, depth: number = mostCauses): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message, stack, cause } = error
  const below = cause == null || depth === 0 ? {} : { cause: toPlain(cause, depth - 1) }
  const plain: PlainError = { name, message, stack, ...below }
  if (error instanceof AggregateError && depth > 0)
    return { ...plain, errors: error.errors.map((each: unknown) => toPlain(each, depth - 1)) }
  if (!isMillraceError(error)) return plain
  const { code, retryable, node, partition, position } = error
  return { ...plain, code, retryable, node, partition, position }
}

/** Puts an error together again. */
export function fromPlain({ name, message, stack, code, cause, errors, ...rest }: PlainError): Error {
  const below = cause === undefined ? {} : { cause: fromPlain(cause) }
  const error = made(code, message, { ...below, ...known(rest) }, errors)
  if (stack !== undefined) error.stack = stack
  if (code === undefined) error.name = name
  return error
}

function made(
  code: ErrorCode | undefined,
  message: string,
  context: ConstructorParameters<typeof MillraceError>[2],
  errors: readonly PlainError[] | undefined,
): Error {
  if (code !== undefined) return new MillraceError(code, message, context)
  const options = context?.cause === undefined ? undefined : { cause: context.cause }
  return errors === undefined
    ? new Error(message, options)
    : new AggregateError(errors.map(fromPlain), message, options)
}

type Place = Pick<PlainError, 'retryable' | 'node' | 'partition' | 'position'>

const known = (place: Place): { [N in keyof Place]: NonNullable<Place[N]> } =>
  Object.fromEntries(Object.entries(place).filter(([, value]) => value !== undefined))
