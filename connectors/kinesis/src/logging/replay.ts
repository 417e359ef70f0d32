import { ExpiredError } from '../writing/entry.ts'
import type { Spool } from './spool.ts'

/** What is done with lines of a spool. */
export interface ReplayHost {
  /** Rejects with ExpiredError for what could not be put in time, with another error for what the stream never takes. */
  put(line: string): Promise<unknown>
  /** Whether another one can be put at once; one that has to wait may be put behind what came later. */
  readonly hasRoom: boolean
  /** What was put waits for no others. */
  flush(): void
  /** Whether older lines than those of the spool are still to be put. */
  readonly mustWait: boolean
  /** There may be more room. */
  changed(): void
  /** The stream never takes a line. */
  refused(error: Error): void
  /** The spool cannot be read, or not be written to. */
  failed(error: Error): void
}

interface Line {
  readonly text: string
  isDone: boolean
}

interface Segment {
  readonly name: string
  lines: readonly Line[]
}

const againMs = 5_000
/** Lines that are put at a time: as many as take so long. */
const sliceMs = 1_000
const firstSlice = 500

/** Puts what waits in a spool, in order, and takes it out. */
export class Replay {
  readonly #spool: Spool
  readonly #host: ReplayHost
  #slice = firstSlice
  /** What is left of the segment that is being put. */
  #current: Segment | undefined
  #timer: NodeJS.Timeout | undefined
  #timerAt = Infinity
  #running: Promise<void> | undefined
  #hasEnded = false
  #isHandedOver = false

  constructor(spool: Spool, host: ReplayHost) {
    this.#spool = spool
    this.#host = host
  }

  /** Whether all that the spool has is about to be put, and what comes now may be put behind it. */
  get isHandedOver(): boolean {
    return this.#isHandedOver && this.#current !== undefined && this.#spool.isOnly(this.#current.name)
  }

  /** Some could not be put in time. */
  expired(): void {
    this.#isHandedOver = false
  }

  /** Begins in so many ms, or earlier where that was said before. */
  soon(ms: number = againMs): void {
    const at = performance.now() + ms
    if (this.#hasEnded || at >= this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = at
    this.#timer = setTimeout(() => {
      this.#timerAt = Infinity
      void this.run()
    }, ms).unref()
  }

  /** Resolves when nothing is left, or something that could not be put in time, which is tried again. */
  run(): Promise<void> {
    this.#running ??= this.#putAll()
      .catch((error: unknown) => {
        this.#host.failed(error as Error)
        this.#host.changed()
        this.soon()
      })
      .finally(() => (this.#running = undefined))
    return this.#running
  }

  /** Keeps what is not put. */
  end(): void {
    this.#hasEnded = true
    clearTimeout(this.#timer)
    if (this.#current !== undefined) this.#keep(this.#current)
  }

  async #putAll(): Promise<void> {
    while (!this.#hasEnded && !this.#host.mustWait) {
      const current = (this.#current ??= this.#oldest())
      if (current === undefined) return
      while (current.lines.length > 0) if (!(await this.#putSome(current))) return this.soon()
      if (this.#hasEnded) return
      this.#current = undefined
      this.#spool.remove(current.name)
      this.#host.changed()
    }
  }

  #oldest(): Segment | undefined {
    const oldest = this.#spool.oldest()
    return oldest && { name: oldest.name, lines: oldest.lines.map((text) => ({ text, isDone: false })) }
  }

  /** Puts the first of them. @returns whether all of those were put in time; else all that are not are kept */
  async #putSome(of: Segment): Promise<boolean> {
    const began = performance.now()
    const puts: Promise<void>[] = []
    for (const line of of.lines) {
      if (puts.length >= this.#slice || (puts.length > 0 && !this.#host.hasRoom)) break
      const done = (): void => void (line.isDone = true)
      puts.push(
        this.#host.put(line.text).then(done, (error: unknown) => {
          if (error instanceof ExpiredError) return
          this.#host.refused(error as Error)
          done()
        }),
      )
    }
    this.#isHandedOver = puts.length === of.lines.length
    this.#host.flush()
    await Promise.all(puts)
    const left = notDone(of.lines)
    const isLate = left.length > of.lines.length - puts.length
    of.lines = left
    this.#host.changed()
    if (this.#hasEnded) return false
    if (isLate) {
      this.#slice = Math.max(1, this.#slice >> 1)
      this.#keep(of)
    } else if (puts.length === this.#slice && performance.now() - began < sliceMs) this.#slice *= 2
    return !isLate
  }

  /** Writes down what is left, for the next process, if this one is killed. */
  #keep({ name, lines }: Segment): void {
    try {
      this.#spool.replace(
        name,
        notDone(lines).map(({ text }) => text),
      )
    } catch (error) {
      this.#host.failed(error as Error)
    }
  }
}

const notDone = (lines: readonly Line[]): readonly Line[] => lines.filter(({ isDone }) => !isDone)
