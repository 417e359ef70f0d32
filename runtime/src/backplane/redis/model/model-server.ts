import type { Clock } from '@millrace/core'
import { memoryFull } from '../redis-error.ts'
import { type Change, Keyspace } from './keyspace.ts'

/** What a {@link ModelServer} is. */
export interface ModelServerOptions {
  /** Tells one life of a server from all others. */
  readonly id: string
  readonly clock: Clock
}

/** What is done at one instant: all or nothing. */
type Script<T> = (data: Keyspace) => T

/** How a script may be used. */
export interface ScriptFlags {
  /** Runs where memory is full, too. @default false */
  readonly allowOom?: boolean
}

/**
 * A Redis in this process, without any I/O: data, a clock of its own, and all changes in order, so that others can follow it,
 * more or less closely. What one has not got when another one ends is lost: with a replica that takes over, or with what a
 * disk had, both are another server with another id.
 */
export class ModelServer {
  readonly id: string
  readonly clock: Clock
  /** Memory is at its limit: scripts are refused, but for those that free some. */
  isFull = false
  #data: Keyspace
  /** One element a script that wrote, since {@link ModelServer.#base}. */
  readonly #history: (readonly Change[])[] = []
  /** Scripts that had written when the history began. */
  readonly #base: number

  constructor({ id, clock }: ModelServerOptions, from?: ModelServer) {
    this.id = id
    this.clock = clock
    this.#data = from === undefined ? new Keyspace() : from.#data.copy()
    this.#base = from?.offset ?? 0
  }

  /** How many scripts have written. */
  get offset(): number {
    return this.#base + this.#history.length
  }

  get data(): Keyspace {
    return this.#data
  }

  run<T>(script: Script<T>, { allowOom = false }: ScriptFlags = {}): T {
    if (this.isFull && !allowOom) throw memoryFull('the model of a Redis')
    try {
      return script(this.#data)
    } finally {
      this.#note(this.#data.takeChanges())
    }
  }

  /** A server that has what this one has now, and may {@link ModelServer.follow} it. */
  copy(options: ModelServerOptions): ModelServer {
    return new ModelServer(options, this)
  }

  /** Repeats what another one has done since, up to an offset. Its own writes since are a fork, and make it impossible. */
  follow(primary: ModelServer, upTo: number = primary.offset): void {
    const from = this.offset - primary.#base
    if (from < 0) throw new Error('the history of the primary begins later')
    for (const changes of primary.#history.slice(from, upTo - primary.#base)) {
      for (const change of changes) this.#data.repeat(change)
      this.#history.push(changes)
    }
  }

  #note(changes: readonly Change[]): void {
    if (changes.length > 0) this.#history.push(changes)
  }
}
