import { type Logger, type LogLevel, logLevels } from '../logger.ts'
import { fromPlain, type PlainError, toPlain } from './plain-error.ts'

/** What a thread wants logged; errors in the fields are in a shape that goes from one thread to another. */
export interface ThreadLog {
  readonly type: 'log'
  readonly level: LogLevel
  readonly fields: object
  readonly message: string
}

/** Sends what is logged to the main thread, which prints it. */
export function threadLogger(level: LogLevel, post: (message: ThreadLog) => void, common: object = {}): Logger {
  const say = (of: LogLevel) => (fields: object, message: string) => {
    if (logLevels.indexOf(of) >= logLevels.indexOf(level))
      post({ type: 'log', level: of, fields: plainFields({ ...common, ...fields }), message })
  }
  return {
    debug: say('debug'),
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    child: (fields) => threadLogger(level, post, { ...common, ...fields }),
  }
}

const plainFields = (fields: object): { readonly [name: string]: unknown } =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plainValue(value)]))

/** Whatever does not go through as it is goes as text. */
function plainValue(value: unknown): unknown {
  if (value instanceof Error) return { plainError: toPlain(value) } satisfies { plainError: PlainError }
  try {
    return structuredClone(value)
  } catch {
    return String(value)
  }
}

/** Fields of a {@link ThreadLog} with their errors put together again. */
export const loggedFields = (fields: object, errorOf: (plain: PlainError) => Error = fromPlain): object =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, isPlain(value) ? errorOf(value.plainError) : value]),
  )

const isPlain = (value: unknown): value is { readonly plainError: PlainError } =>
  typeof value === 'object' && value !== null && 'plainError' in value
