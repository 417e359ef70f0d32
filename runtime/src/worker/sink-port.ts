import {
  type CommitOutcome,
  type Handle,
  isMillraceError,
  MillraceError,
  type Prepared,
  type SinkBatch,
  type SinkContext,
  type SinkNode,
  type SinkWriter,
} from '@millrace/core'
import type { Logger } from '../logger.ts'
import type { World } from '../world.ts'
import { Backoff, messageOf, retry, saysRetryable, sleep } from './retry.ts'

/** What a {@link SinkPort} opens, and how long it tries. */
export interface SinkPortOptions {
  readonly node: SinkNode
  readonly context: SinkContext
  readonly world: World
  readonly log: Logger
}

/** The writer of one sink: its calls never overlap, and those that fail for the moment are made again. */
export class SinkPort {
  readonly #options: SinkPortOptions
  readonly #writer: SinkWriter<never>
  #last: Promise<unknown> | undefined

  private constructor(options: SinkPortOptions, writer: SinkWriter<never>) {
    this.#options = options
    this.#writer = writer
  }

  static async open(options: SinkPortOptions): Promise<SinkPort> {
    return new SinkPort(options, await persist(options, 'open', () => options.node.sink.open(options.context)))
  }

  get name(): string {
    return this.#options.node.name
  }

  /** Back-pressure: undefined when the writer takes more at once. */
  write(batch: SinkBatch<unknown>): Promise<void> | undefined {
    // that it holds what the sink takes was checked when the topology was compiled; the graph no longer knows it
    const own = batch as SinkBatch<never>
    if (this.#last !== undefined) return this.#inTurn('write', () => this.#writer.write(own))
    const written = this.#writeNow(own)
    return (
      written &&
      this.#follow(
        persist(
          this.#options,
          'write',
          startingWith(written, () => this.#writer.write(own)),
        ),
      )
    )
  }

  prepare(seq: number, options: { readonly last: boolean }): Promise<Prepared> {
    return this.#inTurn('prepare', () => this.#writer.prepare(seq, options))
  }

  /** Resolves when all are visible. Rejects with LOST_HANDLE when one is gone for good, unless it may be. */
  async commit(handles: readonly Handle[], mayLose = false): Promise<void> {
    const backoff = new Backoff(this.#options.world)
    const { signal } = this.#options.context
    for (let left = handles; left.length > 0;) {
      const outcomes = await this.#inTurn('commit', () => this.#writer.commit(left))
      left = left.filter((handle, i) => this.#isLeft(handle, outcomes[i], mayLose))
      if (left.length === 0) return
      if (signal.aborted) throw new MillraceError('SINK', `sink ${this.name}: stopped before its output was committed`)
      const delayMs = backoff.next()
      this.#options.log.warn(
        { handles: left.length, delayMs: Math.round(delayMs) },
        'the destination is away; commit waits',
      )
      await sleep(delayMs, this.#options.world, signal)
    }
  }

  abort(before: number, except: readonly Handle[]): Promise<void> {
    return this.#inTurn('abort', () => this.#writer.abort({ before, except }))
  }

  /** Aborts nothing: what is prepared may be in an accepted checkpoint. */
  async close(): Promise<void> {
    await this.#last
    await this.#writer.close()
  }

  #writeNow(batch: SinkBatch<never>): Promise<void> | undefined {
    try {
      return this.#writer.write(batch) ?? undefined
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #isLeft({ destination, id }: Handle, outcome: CommitOutcome | undefined, mayLose: boolean): boolean {
    if (outcome !== 'lost') return outcome !== 'committed' && outcome !== 'already'
    this.#options.log.error({ destination, id }, 'prepared output is gone from its destination')
    if (mayLose) return false
    const text = `sink ${this.name}: what was prepared for ${destination} (${id}) is gone, most likely dropped there as too old; bring it back, or go on without it by drop: ['${this.name}']`
    throw new MillraceError('LOST_HANDLE', text, { node: this.name })
  }

  #inTurn<T>(call: string, attempt: () => Promise<T> | T): Promise<T> {
    const before = this.#last ?? Promise.resolve()
    return this.#follow(before.then(() => persist(this.#options, call, attempt)))
  }

  /** Later calls wait for this one, whatever comes of it. */
  #follow<T>(running: Promise<T>): Promise<T> {
    const last: Promise<unknown> = running
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => {
        if (this.#last === last) this.#last = undefined
      })
    this.#last = last
    return running
  }
}

/** Attempts of which the first is already under way. */
function startingWith(first: Promise<void>, again: () => Promise<void> | void): () => Promise<void> | void {
  let attempts = 0
  return () => (attempts++ === 0 ? first : again())
}

async function persist<T>(options: SinkPortOptions, call: string, attempt: () => Promise<T> | T): Promise<T> {
  const { node, world, context, log } = options
  try {
    return await retry(attempt, {
      world,
      signal: context.signal,
      isTransient: saysRetryable,
      failed: (error, delayMs) =>
        log.warn({ err: error, delayMs: Math.round(delayMs) }, `${call} failed; it is tried again`),
    })
  } catch (cause) {
    if (isMillraceError(cause) && cause.node !== undefined) throw cause
    throw new MillraceError('SINK', `sink ${node.name}: ${call} failed: ${messageOf(cause)}`, {
      cause,
      node: node.name,
    })
  }
}
