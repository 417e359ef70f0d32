import { Heap } from '../state/heap.ts'
import { compareKeys } from '../state/key.ts'
import type { SetTimer } from './process-state.ts'

/** Timers that a queue holds before it looks for some to forget. */
const fewest = 1024

/**
 * Timers of one kind, the earliest first. One that was moved, cancelled or fired is no longer live: it is forgotten when
 * its turn comes, or when half of the queue is such, so that moving a timer at each record costs no memory.
 */
export class TimerQueue {
  readonly #heap = new Heap<SetTimer>(byTime)
  #most = fewest

  push(timer: SetTimer): void {
    this.#heap.push(timer)
    if (this.#heap.size <= this.#most) return
    const kept = new Set<SetTimer>()
    this.#heap.retain((other) => isLive(other) && !kept.has(other) && kept.add(other).size > 0)
    this.#most = Math.max(fewest, 2 * this.#heap.size)
  }

  /** The next to fire. */
  peek(): SetTimer | undefined {
    for (let timer = this.#heap.peek(); timer !== undefined; timer = this.#heap.peek()) {
      if (isLive(timer)) return timer
      this.#heap.pop()
    }
    return undefined
  }

  pop(): void {
    this.#heap.pop()
  }

  /** Timers held, live or not. */
  get size(): number {
    return this.#heap.size
  }
}

const isLive = (timer: SetTimer): boolean => timer.of.timers.get(timer.id) === timer

/** By time; timers of one time by key and tag, so that their order does not depend on when they were set. */
function byTime(a: SetTimer, b: SetTimer): number {
  if (a.at !== b.at) return a.at - b.at
  if (a.of.key !== b.of.key) return compareKeys(a.of.key, b.of.key)
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}
