import type { Logger } from '../../logger.ts'
import type { Job } from '../../start.ts'
import type { Io } from '../io.ts'
import { every } from './every.ts'
import { LiveBlock } from './live-block.ts'
import { progressBlock } from './progress-block.ts'
import { RateMeter } from './rate-meter.ts'
import type { Reporter } from './reporter.ts'
import type { LogLevel } from '../../logger.ts'
import { SaidErrors } from './said-errors.ts'
import { shareTerminal } from './shared-terminal.ts'
import { textLogger } from './text-logger.ts'

const everyMs = 250

/** Reports on a terminal: a block of lines that is drawn again in place, the log and the output of sinks above it. */
export class TerminalReporter implements Reporter {
  readonly log: Logger
  readonly #io: Io
  readonly #block: LiveBlock
  readonly #said = new SaidErrors()
  readonly #rate = new RateMeter()
  #note: readonly string[] = []
  #redraw = (): void => {}
  /** Sinks that write to the same terminal may stop in the middle of a line. */
  #atLineStart = true
  #isOwn = false
  #endings: (() => void)[] = []

  constructor(io: Io, level: LogLevel) {
    this.#io = io
    this.#block = new LiveBlock(io.stderr, (text) => this.#write(text))
    this.log = this.#said.listen(textLogger({ level, write: (text) => this.#above(text) }))
  }

  follow(job: Job): void {
    const { stdout, stderr, world } = this.#io
    const shared = [stdout, stderr].filter(({ isTTY }) => isTTY).map((stream) => this.#share(stream))
    this.#redraw = () => this.#draw(job)
    this.#redraw()
    this.#endings = [every(everyMs, world, () => this.#redraw()), () => this.#block.clear(), ...shared]
  }

  stopping(signal: string): void {
    this.#note = [`  stopping after a last checkpoint (${signal}); once more ends it at once`]
    this.#redraw()
  }

  end(): void {
    for (const end of this.#endings.splice(0)) end()
  }

  failed(error: unknown): void {
    if (!this.#said.has(error)) this.log.error({ err: error }, 'failed')
  }

  #share(stream: Io['stdout']): () => void {
    return shareTerminal(stream, {
      before: () => this.#isOwn || this.#block.clear(),
      after: (atLineStart) => (this.#atLineStart = this.#isOwn || atLineStart),
    })
  }

  #draw(job: Job): void {
    if (!this.#atLineStart) return
    const progress = job.progress()
    this.#block.draw([...progressBlock(progress, this.#rate.add(progress)), ...this.#note])
  }

  #above(text: string): void {
    this.#block.clear()
    this.#write(this.#atLineStart ? text : `\n${text}`)
  }

  /** What this reporter writes ends with a line, and makes no room for itself. */
  #write(text: string): void {
    this.#isOwn = true
    this.#io.err(text)
    this.#isOwn = false
    this.#atLineStart = true
  }
}
