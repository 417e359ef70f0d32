import { pino } from 'pino'
import type { Logger } from '../../logger.ts'
import { causeChain, errorFields, messageOf, stackOf } from '../error-text.ts'
import type { Io } from '../io.ts'
import type { LogLevel } from '../../logger.ts'

/** Writes JSON lines to stderr. */
export function jsonLogger(job: string, level: LogLevel, { err, world }: Pick<Io, 'err' | 'world'>): Logger {
  const options = {
    level,
    base: { job },
    timestamp: () => `,"time":"${new Date(world.clock.now()).toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: (error: unknown) => loggedError(error, level === 'debug') },
  }
  return pino(options, { write: err })
}

function loggedError(error: unknown, debug: boolean): object {
  const { hint: _, ...fields } = errorFields(error)
  const [, ...causes] = debug ? causeChain(error) : []
  const chain = causes.length === 0 ? {} : { causes: causes.map((cause) => stackOf(cause) ?? messageOf(cause)) }
  const stack = debug ? stackOf(error) : undefined
  return { message: messageOf(error), ...fields, ...(stack === undefined ? {} : { stack }), ...chain }
}
