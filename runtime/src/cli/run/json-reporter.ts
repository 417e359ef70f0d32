import type { Logger } from '../../logger.ts'
import type { Job } from '../../start.ts'
import type { World } from '../../world.ts'
import { every } from './every.ts'
import { progressFields } from './progress-fields.ts'
import type { Reporter } from './reporter.ts'
import { SaidErrors } from './said-errors.ts'

const everyMs = 10_000

/** Reports by log lines: what happens, and every ten seconds how far the job is. */
export function jsonReporter(logger: Logger, world: World): Reporter {
  const said = new SaidErrors()
  const log = said.listen(logger)
  let cancel = (): void => {}
  return {
    log,
    follow(job: Job): void {
      cancel = every(everyMs, world, () => log.info(progressFields(job.progress()), 'progress'))
    },
    stopping: (signal) =>
      log.info({ signal }, 'stopping after a last checkpoint; a second signal ends the process at once'),
    end: () => cancel(),
    failed(error: unknown): void {
      if (!said.has(error)) log.error({ err: error }, 'failed')
    },
  }
}
