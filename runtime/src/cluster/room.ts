import type { ClusterBackplane } from '@millrace/core'
import type { World } from '../world.ts'

/** How old an answer may be: then a worker asks a bounded number of times a second, however many tasks it has. */
const freshMs = 20

interface Answer {
  readonly at: number
  readonly depths: Promise<{ readonly [exchange: string]: readonly number[] }>
}

/** Whether exchanges have room for another checkpoint: one question for all tasks of a worker. */
export class Room {
  readonly #backplane: Pick<ClusterBackplane, 'depths'>
  readonly #world: World
  readonly #mostBytes: number
  readonly #exchanges: readonly string[]
  #answer: Answer | undefined

  /** `mostBytes` may wait in each partition of `exchanges`, and one checkpoint more. */
  constructor(
    backplane: Pick<ClusterBackplane, 'depths'>,
    world: World,
    exchanges: readonly string[],
    mostBytes: number,
  ) {
    this.#backplane = backplane
    this.#world = world
    this.#exchanges = exchanges
    this.#mostBytes = mostBytes
  }

  /** True when no partition of these is full. False also when nobody answers: then nothing could be written either. */
  async has(exchanges: readonly string[]): Promise<boolean> {
    if (exchanges.length === 0) return true
    try {
      const depths = await this.#depths()
      return exchanges.every((exchange) => (depths[exchange] ?? []).every((bytes) => bytes < this.#mostBytes))
    } catch {
      return false
    }
  }

  async #depths(): Promise<{ readonly [exchange: string]: readonly number[] }> {
    const now = this.#world.elapsed()
    if (this.#answer !== undefined && now - this.#answer.at < freshMs) return this.#answer.depths
    const asked = { at: now, depths: this.#backplane.depths(this.#exchanges) }
    this.#answer = asked
    try {
      return await asked.depths
    } catch (error) {
      if (this.#answer === asked) this.#answer = undefined
      throw error
    }
  }
}
