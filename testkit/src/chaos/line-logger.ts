import type { Logger } from '@millrace/runtime'

/** Writes what the runtime reports as lines of JSON. */
export function lineLogger(write: (line: string) => void, of: object = {}): Logger {
  const say = (level: string) => (fields: object, msg: string) => {
    const error = 'err' in fields && fields.err instanceof Error ? { err: textOf(fields.err) } : {}
    write(`${JSON.stringify({ time: new Date().toISOString(), level, ...of, ...fields, ...error, msg })}\n`)
  }
  return {
    debug: say('debug'),
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    child: (fields) => lineLogger(write, { ...of, ...fields }),
  }
}

function textOf(error: Error): string {
  const code = 'code' in error ? `${String(error.code)} ` : ''
  const cause = error.cause instanceof Error ? ` (${textOf(error.cause)})` : ''
  return `${code}${error.message}${cause}`
}
