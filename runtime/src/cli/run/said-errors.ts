import type { Logger } from '../../logger.ts'

/** Remembers which errors a logger was given, so that the last word about a job does not repeat them. */
export class SaidErrors {
  readonly #said = new WeakSet()

  /** The same logger, listened to. */
  listen(log: Logger): Logger {
    return {
      debug: (fields, message) => log.debug(fields, message),
      info: (fields, message) => log.info(fields, message),
      warn: (fields, message) => log.warn(fields, message),
      error: (fields, message) => {
        if ('err' in fields && typeof fields.err === 'object' && fields.err !== null) this.#said.add(fields.err)
        log.error(fields, message)
      },
      child: (fields) => this.listen(log.child(fields)),
    }
  }

  has(error: unknown): boolean {
    return typeof error === 'object' && error !== null && this.#said.has(error)
  }
}
