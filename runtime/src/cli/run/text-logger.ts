import type { Logger } from '../../logger.ts'
import { errorText, messageOf } from '../error-text.ts'
import { onOneLine } from '../text/table.ts'
import { type LogLevel, logLevels } from '../../logger.ts'

/** What a {@link textLogger} says, and where. */
export interface TextLoggerOptions {
  readonly level: LogLevel
  readonly write: (text: string) => void
}

/** Writes lines for people; of an error all that is known of it. */
export function textLogger(options: TextLoggerOptions, common: object = {}): Logger {
  const { level, write } = options
  const line = (of: LogLevel, fields: object, message: string): void => {
    if (logLevels.indexOf(of) < logLevels.indexOf(level)) return
    write(`${of.padEnd(5)}  ${onOneLine(`${message}${fieldsText({ ...common, ...fields })}`)}\n`)
  }
  return {
    debug: (fields, message) => line('debug', fields, message),
    info: (fields, message) => line('info', fields, message),
    warn: (fields, message) => line('warn', fields, message),
    error: (fields, message) => write(errorText('err' in fields ? fields.err : message, { debug: level === 'debug' })),
    child: (fields) => textLogger(options, { ...common, ...fields }),
  }
}

const fieldsText = (fields: object): string =>
  Object.entries(fields)
    .map(([name, value]) => ` ${name}=${shown(value)}`)
    .join('')

const shown = (value: unknown): string =>
  value instanceof Error ? JSON.stringify(messageOf(value)) : (JSON.stringify(value) ?? String(value))
