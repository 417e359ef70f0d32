import type { Collector } from './collector.ts'
import type { Node } from './node.ts'

/** The node a stream stands for, and the build it belongs to. */
export interface Origin {
  readonly collector: Collector
  readonly node: Node
}

/** Carries records of type `T`: what operators ask of a stream. Small on purpose, so that errors name records, not methods. */
export abstract class Flow<out T> {
  readonly #origin: Origin
  /** For the compiler only. Not optional, which keeps advice about `undefined` out of its messages. */
  declare readonly _type: T

  constructor(origin: Origin) {
    this.#origin = origin
  }

  /** What a stream comes from; undefined for what is no stream, from callers without types. */
  static originOf(flow: Flow<unknown>): Origin
  static originOf(flow: unknown): Origin | undefined
  static originOf(flow: unknown): Origin | undefined {
    return typeof flow === 'object' && flow !== null && #origin in flow ? flow.#origin : undefined
  }
}

/** Makes its node when first read: a stream that is offered and not used is no part of the topology. */
export function lazily(collector: Collector, make: () => Node): Origin {
  let node: Node | undefined
  return {
    collector,
    get node() {
      return (node ??= make())
    },
  }
}
