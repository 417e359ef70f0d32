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
  /** There is more room in the spool, or, of lines that the stream never takes, fewer to be put. */
  changed(dropped: number): void
}

interface Line {
  readonly text: string
  isDone: boolean
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
  #current: { readonly name: string; lines: readonly Line[] } | undefined
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
      .catch(() => this.soon())
      .finally(() => (this.#running = undefined))
    return this.#running
  }

  /** Keeps what is not put. */
  end(): void {
    this.#hasEnded = true
    clearTimeout(this.#timer)
    try {
      this.#keep()
    } catch {
      // the disk is gone: some are put again
    }
  }

  async #putAll(): Promise<void> {
    while (!this.#hasEnded && !this.#host.mustWait) {
      const oldest = this.#spool.oldest()
      if (oldest === undefined) return
      this.#current = { name: oldest.name, lines: oldest.lines.map((text) => ({ text, isDone: false })) }
      while (this.#current !== undefined && this.#current.lines.length > 0)
        if (!(await this.#putSome(this.#current))) return this.soon()
      if (this.#hasEnded) return
      this.#current = undefined
      this.#spool.remove(oldest.name)
      this.#host.changed(0)
    }
  }

  /** Puts the first of them. @returns whether all of those were put in time; else all that are not are kept */
  async #putSome(of: { lines: readonly Line[] }): Promise<boolean> {
    const began = performance.now()
    const puts: Promise<void>[] = []
    let dropped = 0
    for (const line of of.lines) {
      if (puts.length >= this.#slice || (puts.length > 0 && !this.#host.hasRoom)) break
      const done = (): void => void (line.isDone = true)
      puts.push(
        this.#host.put(line.text).then(done, (error: unknown) => {
          if (error instanceof ExpiredError) return
          dropped++
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
    this.#host.changed(dropped)
    if (this.#hasEnded) return false
    if (isLate) {
      this.#slice = Math.max(1, this.#slice >> 1)
      this.#keep()
    } else if (puts.length === this.#slice && performance.now() - began < sliceMs) this.#slice *= 2
    return !isLate
  }

  /** Writes down what is left. @throws what the disk throws */
  #keep(): void {
    if (this.#current === undefined) return
    const { name, lines } = this.#current
    this.#current = undefined
    const left = notDone(lines)
    if (left.length === 0) this.#spool.remove(name)
    else
      this.#spool.replace(
        name,
        left.map(({ text }) => text),
      )
  }
}

const notDone = (lines: readonly Line[]): readonly Line[] => lines.filter(({ isDone }) => !isDone)
