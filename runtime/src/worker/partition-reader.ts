import {
  type EndOfPartition,
  MillraceError,
  type Partition,
  type Position,
  type Read,
  type Reader,
  type Source,
  type SourceContext,
} from '@millrace/core'
import type { Logger } from '../logger.ts'
import type { World } from '../world.ts'
import { Backoff, isTransientRead, messageOf, sleep } from './retry.ts'

/** What a {@link PartitionReader} reads, and whom it tells. */
export interface PartitionReaderOptions {
  readonly name: string
  readonly source: Source<unknown>
  readonly partition: Partition
  readonly position: Position
  readonly context: SourceContext
  readonly world: World
  readonly log: Logger
  /** There is something to take. */
  readonly ready: () => void
  /** A read has failed and will be tried again; after the first success it is over. */
  readonly failing: (error: MillraceError) => void
  /** Reading cannot go on. */
  readonly failed: (error: MillraceError) => void
}

/**
 * Keeps one read of a partition ready: while the loop works on what it took, the next is under way, and there are never
 * more. A reader that fails is closed and opened again behind the last read that succeeded.
 */
export class PartitionReader {
  readonly #options: PartitionReaderOptions
  readonly #backoff: Backoff
  #position: Position
  #ready: Read<unknown> | undefined
  #taken: (() => void) | undefined
  #running: Promise<void> | undefined

  constructor(options: PartitionReaderOptions) {
    this.#options = options
    this.#position = options.position
    this.#backoff = new Backoff(options.world)
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Hands over the read that is ready and lets the next one begin. */
  take(): Read<unknown> | undefined {
    const read = this.#ready
    this.#ready = undefined
    this.#taken?.()
    return read
  }

  /** Resolves when the reader is closed; the signal of its context must have fired, or its partition have ended. */
  async closed(): Promise<void> {
    this.#taken?.()
    await this.#running
  }

  async #run(): Promise<void> {
    const { context, world } = this.#options
    while (!context.signal.aborted) {
      try {
        const end = await this.#readToEnd()
        return await (end && this.#offer(end))
      } catch (error) {
        if (context.signal.aborted) return
        if (!isTransientRead(error)) return this.#options.failed(this.#describe(error))
        const delayMs = this.#backoff.next()
        this.#report(error, delayMs)
        await sleep(delayMs, world, context.signal)
      }
    }
  }

  /** @returns the end of the partition, to be offered when the reader is closed; undefined when the signal fired */
  async #readToEnd(): Promise<EndOfPartition | undefined> {
    const { source, partition, context } = this.#options
    const reader = await source.open(partition, this.#position, context)
    try {
      while (!context.signal.aborted) {
        const read = await reader.read(context.signal)
        this.#backoff.reset()
        if (read.type === 'end') return read
        this.#position = read.position
        await this.#offer(read)
      }
      return undefined
    } finally {
      await this.#close(reader)
    }
  }

  #offer(read: Read<unknown>): Promise<void> | void {
    if (this.#options.context.signal.aborted) return
    this.#ready = read
    const taken = new Promise<void>((resolve) => (this.#taken = resolve))
    this.#options.ready()
    return taken
  }

  /** What is thrown on closing would hide why it was closed, and changes nothing. */
  async #close(reader: Reader<unknown>): Promise<void> {
    try {
      await reader.close()
    } catch (error) {
      this.#options.log.debug({ err: error }, 'a reader failed to close')
    }
  }

  #report(error: unknown, delayMs: number): void {
    const described = this.#describe(error)
    this.#options.log.warn({ err: error, delayMs: Math.round(delayMs) }, `${described.message}; it will be read again`)
    this.#options.failing(described)
  }

  #describe(error: unknown): MillraceError {
    const { name, partition } = this.#options
    return new MillraceError('SOURCE', `source ${name}, partition ${partition.id}: ${messageOf(error)}`, {
      cause: error,
      retryable: isTransientRead(error),
      node: name,
      partition: partition.id,
      position: this.#position,
    })
  }
}
