import type { Meta, Partition, PartitionList, Position, Read, Reader, Source, SourceContext } from '@millrace/core'
import type { World } from '../../src/world.ts'

interface Shard<T> {
  readonly partition: Partition
  readonly values: T[]
  ended: boolean
  children: readonly string[]
}

/** Options of {@link MemoryLog}. */
export interface MemoryLogOptions {
  /** Records a read gives at most. @default 10 */
  readonly perRead?: number
  /** Where partitions begin that are there when the job is. @default 'earliest' */
  readonly start?: 'earliest' | 'latest'
}

/** A stream in memory, with partitions that come, split and end. It outlives the workers that read it. */
export class MemoryLog<T> {
  readonly #shards = new Map<string, Shard<T>>()
  readonly #world: World
  readonly #options: MemoryLogOptions
  readonly #watchers = new Set<() => void>()
  #final = false
  /** The error that reads of a partition throw at present. */
  failing: (partition: string) => Error | undefined = () => undefined
  /** What the next calls throw, by call; undefined for one that succeeds. */
  readonly failures: Record<'partitions' | 'resolve' | 'open' | 'read', (Error | undefined)[]> = {
    partitions: [],
    resolve: [],
    open: [],
    read: [],
  }
  /** Everything that was asked of it. */
  readonly calls: string[] = []

  constructor(world: World, options: MemoryLogOptions = {}) {
    this.#world = world
    this.#options = options
  }

  /** Adds a partition. */
  add(id: string, values: readonly T[] = [], parents: readonly string[] = []): this {
    this.#shards.set(id, { partition: { id, parents }, values: [...values], ended: false, children: [] })
    return this.#changed()
  }

  append(id: string, ...values: readonly T[]): this {
    this.#shard(id).values.push(...values)
    return this.#changed()
  }

  /** Says that nothing more comes to a partition, and which go on where it ended. */
  end(id: string, children: readonly string[] = []): this {
    Object.assign(this.#shard(id), { ended: true, children })
    return this.#changed()
  }

  /** Says that no other partitions come, and ends those there are. */
  finish(): this {
    this.#final = true
    for (const id of this.#shards.keys()) this.#shard(id).ended = true
    return this.#changed()
  }

  /** Says that others may come after all. */
  reopen(): this {
    this.#final = false
    return this
  }

  get source(): Source<T> {
    return {
      kind: 'memory',
      description: 'memory()',
      partitions: (context) => this.#lists(context),
      resolve: async (partition, context) => this.#resolve(partition, context),
      open: async (partition, position) => this.#open(partition, position),
      compare: (a, b) => Number(a) - Number(b),
    }
  }

  async *#lists({ signal }: SourceContext): AsyncIterable<PartitionList> {
    while (!signal.aborted) {
      this.#call('partitions', 'partitions')
      yield { partitions: [...this.#shards.values()].map(({ partition }) => partition), final: this.#final }
      await this.#change(signal, 10_000)
    }
  }

  #resolve({ id }: Partition, { isResumed = false }: SourceContext): Position {
    this.#call('resolve', `resolve ${id}`)
    return String(this.#options.start === 'latest' && !isResumed ? this.#shard(id).values.length : 0)
  }

  #open({ id }: Partition, position: Position): Reader<T> {
    this.#call('open', `open ${id} at ${position}`)
    let at = Number(position)
    return {
      read: async (signal) => {
        if (this.#rest(id, at) === 0 && !this.#shard(id).ended) await this.#change(signal, 1_000)
        this.#fail('read')
        const error = this.failing(id)
        if (error) throw error
        const read = this.#read(id, at)
        if (read.type !== 'end') at = Number(read.position)
        return read
      },
      close: async () => {
        this.calls.push(`close ${id}`)
      },
    }
  }

  #read(id: string, at: number): Read<T> {
    const { values, ended, children } = this.#shard(id)
    const slice = values.slice(at, at + (this.#options.perRead ?? 10))
    if (slice.length > 0) return this.#records(id, at, slice)
    if (!ended) return { type: 'idle', position: String(at) }
    return { type: 'end', children: children.map((child) => this.#shard(child).partition) }
  }

  #records(partition: string, at: number, values: readonly T[]): Read<T> {
    const arrival = this.#world.clock.now()
    const meta: Meta = { partition, arrival }
    return {
      type: 'records',
      values,
      arrival,
      position: String(at + values.length),
      positionOf: (row) => String(at + row),
      metaOf: () => meta,
      backlog: this.#rest(partition, at + values.length),
    }
  }

  /** Resolves when something was added, the signal fires or the time is over. */
  #change(signal: AbortSignal, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel()
        this.#watchers.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = this.#world.timer(ms, done)
      this.#watchers.add(done)
      signal.addEventListener('abort', done)
      if (signal.aborted) done()
    })
  }

  #changed(): this {
    for (const watcher of this.#watchers) watcher()
    return this
  }

  #call(kind: keyof MemoryLog<T>['failures'], text: string): void {
    this.calls.push(text)
    this.#fail(kind)
  }

  #fail(kind: keyof MemoryLog<T>['failures']): void {
    const error = this.failures[kind].shift()
    if (error !== undefined) throw error
  }

  #rest(id: string, at: number): number {
    return this.#shard(id).values.length - at
  }

  #shard(id: string): Shard<T> {
    const shard = this.#shards.get(id)
    if (shard === undefined) throw new Error(`there is no partition ${id}`)
    return shard
  }
}
