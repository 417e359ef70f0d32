import type { WorkerInfo } from '@millrace/core'

/** With so many workers a list of them is looked at again after a second, with fewer sooner: it grows with their square. */
const agePerWorkerMs = 10

/** The workers of a job, as they were seen last. */
export class Roster {
  #workers: readonly WorkerInfo[] | undefined
  #at = -Infinity

  /** Whether it is time to look again. */
  isOld(now: number): boolean {
    return this.#workers === undefined || now - this.#at >= this.#workers.length * agePerWorkerMs
  }

  /** Takes a new list, or, of the last one, the worker that knows better of itself. */
  update(lines: readonly string[], own: WorkerInfo, now: number): readonly WorkerInfo[] {
    if (lines.length > 0) {
      this.#workers = workersOf(lines)
      this.#at = now
    }
    return (this.#workers ?? []).map((info) => (info.worker === own.worker ? own : info))
  }

  /** Whether so many are alive as there were. */
  has(alive: number): boolean {
    return this.#workers?.length === alive
  }
}

/** Reads the lines of workers, in the order of their names. */
export const workersOf = (lines: readonly string[]): WorkerInfo[] =>
  lines.map((line) => JSON.parse(line) as WorkerInfo).toSorted((a, b) => (a.worker < b.worker ? -1 : 1))
