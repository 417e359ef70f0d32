import type { Logger } from '../../../logger.ts'
import { type LogLevel, logLevels } from '../run-options.ts'
import { type PlainError, toPlain } from './plain-error.ts'
import type { FromThread } from './thread-messages.ts'

/** Sends what is logged to the main thread, which prints it. */
export function threadLogger(level: LogLevel, post: (message: FromThread) => void, common: object = {}): Logger {
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
