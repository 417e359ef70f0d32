import type { Backplane, Sink, Source } from '@millrace/core'

/**
 * Stops a worker at its n-th contact with the outside: just before a call takes effect, or just after, when the reply is
 * on its way. From then on nothing it asks for is done or answered, as if its process were gone; what it asked before
 * stays done. {@link Fate.thaw} lets it go on, as a process that was only frozen.
 */
export class Fate {
  #left: number
  #strike: () => void = () => undefined
  #thaw: () => void = () => undefined
  readonly #thawed: Promise<void>
  /** Resolves when the worker has stopped. */
  readonly struck: Promise<void>

  constructor(contacts: number) {
    this.#left = contacts
    this.struck = new Promise((resolve) => (this.#strike = resolve))
    this.#thawed = new Promise((resolve) => (this.#thaw = resolve))
  }

  get hasStruck(): boolean {
    return this.#left <= 0
  }

  thaw(): void {
    this.#thaw()
  }

  /** A backplane, sink, source, writer or reader whose calls go through this fate. */
  over<T extends Backplane | Sink<never> | Source<unknown>>(outside: T): T {
    return this.#over(outside)
  }

  #over<T extends object>(outside: T): T {
    return new Proxy(outside, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function' || name === 'compare' || name === 'decoder') return member
        if (name === 'partitions')
          return (...args: unknown[]) => this.#items(Reflect.apply(member, target, args) as AsyncIterable<unknown>)
        return (...args: unknown[]) => this.#meet(async () => Reflect.apply(member, target, args) as unknown)
      },
    })
  }

  async #meet(call: () => Promise<unknown>): Promise<unknown> {
    await this.#pass()
    const result = await call()
    await this.#pass()
    return isPort(result) ? this.#over(result) : result
  }

  async *#items(items: AsyncIterable<unknown>): AsyncIterable<unknown> {
    for await (const item of items) {
      await this.#pass()
      yield item
    }
  }

  async #pass(): Promise<void> {
    if (--this.#left > 0) return
    this.#strike()
    await this.#thawed
  }
}

/** Writers and readers are made by calls and are themselves called. */
const isPort = (result: unknown): result is object =>
  typeof result === 'object' && result !== null && 'close' in result && typeof result.close === 'function'
