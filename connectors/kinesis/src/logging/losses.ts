import { writeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

const everyMs = 60_000
const mostReasons = 10
const type = 'LogTransportWarning'

/** Lines that are lost: each is counted, and told in a warning, at once for the first, then once a minute, and at the end. */
export class Losses {
  readonly #stream: string
  readonly #untold = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #toldAt = -Infinity
  /** Of all. */
  count = 0

  constructor(stream: string) {
    this.#stream = stream
  }

  /** `reason` follows a number of lines, and says what to do. */
  add(lines: number, reason: string): void {
    if (lines === 0) return
    this.count += lines
    const known = this.#untold.has(reason) || this.#untold.size < mostReasons ? reason : 'for other reasons'
    this.#untold.set(known, (this.#untold.get(known) ?? 0) + lines)
    // those that are lost together are told together
    this.#timer ??= setTimeout(() => this.tell(), Math.max(0, this.#toldAt + everyMs - performance.now())).unref()
  }

  tell(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#untold.size === 0) return
    const reasons = Array.from(this.#untold, ([reason, lines]) => `${lines} ${reason}`)
    this.#untold.clear()
    this.#toldAt = performance.now()
    warn(`lines of a log for stream ${this.#stream} are lost: ${reasons.join('; ')}`)
  }
}

/** Tells the user's process, but not by its log. */
export function warn(message: string): void {
  if (isMainThread) return process.emitWarning(message, type)
  try {
    // what a thread prints is printed by the main thread, which may be at its end
    writeSync(2, `(node:${process.pid}) ${type}: ${message}\n`)
  } catch {
    // nobody reads it any more
  }
}
