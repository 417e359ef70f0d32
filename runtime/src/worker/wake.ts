import type { World } from '../world.ts'

/** Wakes the one loop that waits for something to do. A call while nobody waits is not lost. */
export class Wake {
  #called = false
  #resume: (() => void) | undefined

  call(): void {
    this.#called = true
    this.#resume?.()
  }

  /** Resolves at the next call, at once if there was one since the last wait, or after `ms`. */
  async wait(ms: number, world: World): Promise<void> {
    if (!this.#called && ms > 0) await this.#sleep(ms, world)
    this.#called = false
  }

  #sleep(ms: number, world: World): Promise<void> {
    return new Promise((resolve) => {
      const cancel = ms === Infinity ? undefined : world.timer(ms, () => this.#resume?.())
      this.#resume = () => {
        this.#resume = undefined
        cancel?.()
        resolve()
      }
    })
  }
}
