import { hexHashOf, hexOfHashKey, largestHashKey } from '../wire/hash-key.ts'
import type { KinesisLimits } from './limits.ts'
import { SequenceNumbers } from './sequence-numbers.ts'
import { badArgument, notFound, ServiceError } from './service-error.ts'
import { StoredShard } from './stored-shard.ts'

const hourMs = 3_600_000

/** A consumer of enhanced fan-out. */
export interface StoredConsumer {
  readonly name: string
  readonly arn: string
  readonly createdAt: number
}

/** What a stream is made of. */
export interface StreamOptions {
  readonly name: string
  readonly arn: string
  readonly shards: number
  readonly now: () => number
  readonly limits: KinesisLimits
  readonly mode?: string
}

/** What was put. */
export interface Put {
  readonly shardId: string
  readonly sequenceNumber: string
}

/** An entry to put. */
export interface PutEntry {
  readonly partitionKey: string
  readonly explicitHashKey?: string | undefined
  /** Base64. */
  readonly data: string
}

/** A stream: its shards, open, closed and not yet forgotten. */
export class StoredStream {
  readonly name: string
  readonly arn: string
  readonly createdAt: number
  readonly shards: Map<string, StoredShard> = new Map()
  readonly consumers: Map<string, StoredConsumer> = new Map()
  readonly tags: Map<string, string> = new Map()
  retentionHours = 24
  maxRecordBytes = 1_048_576
  mode: string
  distribution = 'BY_PARTITION_KEY'
  encryption: { readonly type: string; readonly keyId?: string | undefined } = { type: 'NONE' }
  /** Bytes of all records that are held. */
  bytes = 0
  readonly #now: () => number
  readonly #limits: KinesisLimits
  readonly #numbers: SequenceNumbers
  readonly #waiting = new Set<() => void>()
  #shardsMade = 0

  constructor({ name, arn, shards, now, limits, mode = 'PROVISIONED' }: StreamOptions) {
    this.name = name
    this.arn = arn
    this.mode = mode
    this.#now = now
    this.#limits = limits
    this.createdAt = now()
    this.#numbers = new SequenceNumbers(this.createdAt)
    this.#divide(shards).forEach(([from, to]) => this.#make(from, to, []))
  }

  get open(): StoredShard[] {
    return [...this.shards.values()].filter(({ closedAt }) => closedAt === undefined)
  }

  shard(id: string | undefined): StoredShard {
    const found = id === undefined ? undefined : this.shards.get(id)
    if (found === undefined) throw notFound(`Shard ${id} in stream ${this.name} does not exist`)
    return found
  }

  /** Resolves when something was put, or when shards have changed. */
  async changed(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  /** @throws ServiceError where the shard takes no more this second, or the record is too large */
  put({ partitionKey, explicitHashKey, data }: PutEntry): Put {
    const now = this.#now()
    const dataBytes = base64Bytes(data)
    const bytes = dataBytes + Buffer.byteLength(partitionKey)
    if (bytes > this.maxRecordBytes)
      throw badArgument(`Record of ${bytes} bytes is larger than the ${this.maxRecordBytes} of stream ${this.name}`)
    const shard = this.shardOf(
      explicitHashKey === undefined ? hexHashOf(partitionKey) : hexOfHashKey(BigInt(explicitHashKey)),
    )
    if (!shard.mayWrite(bytes, now))
      throw new ServiceError(
        'ProvisionedThroughputExceededException',
        `Rate exceeded for shard ${shard.id} in stream ${this.name}`,
      )
    const sequenceNumber = this.#numbers.next(numberOf(shard.id))
    const json = `{"SequenceNumber":"${sequenceNumber}","ApproximateArrivalTimestamp":${now / 1000},"Data":"${data}","PartitionKey":${JSON.stringify(partitionKey)}}`
    shard.records.push({ sequenceNumber, partitionKey, data, arrival: now, bytes, json })
    this.bytes += bytes
    this.#wake()
    return { shardId: shard.id, sequenceNumber }
  }

  /** The open shard of a hash key of 32 hex digits. */
  shardOf(hash: string): StoredShard {
    for (const shard of this.shards.values()) if (shard.holds(hash)) return shard
    throw new Error(`no shard of ${this.name} holds ${hash}`)
  }

  /** @throws ServiceError where it cannot be split there */
  split(id: string, at: bigint): void {
    const shard = this.#openShard(id)
    if (at <= shard.from || at > shard.to)
      throw badArgument(`NewStartingHashKey ${at} used in SplitShard() on shard ${id} is not valid`)
    const parts: [bigint, bigint][] = [
      [shard.from, at - 1n],
      [at, shard.to],
    ]
    this.#close([shard])
    shard.children = parts.map(([from, to]) => this.#make(from, to, [id]))
    this.#wake()
  }

  /** @throws ServiceError where they are not adjacent */
  merge(first: string, second: string): void {
    const [one, other] = [this.#openShard(first), this.#openShard(second)]
    const areAdjacent = one.to + 1n === other.from || other.to + 1n === one.from
    if (!areAdjacent) throw badArgument(`Shards ${first} and ${second} in stream ${this.name} are not adjacent`)
    const [from, to] = one.from < other.from ? [one.from, other.to] : [other.from, one.to]
    this.#close([one, other])
    const child = this.#make(from, to, [first, second])
    one.children = [child]
    other.children = [child]
    this.#wake()
  }

  /** Closes all shards, and opens so many of equal size. */
  scale(target: number): void {
    const { open } = this
    if (target > open.length * 2 || target < open.length / 2)
      throw new ServiceError(
        'LimitExceededException',
        `UpdateShardCount cannot go from ${open.length} to ${target} shards`,
      )
    this.#close(open)
    for (const [from, to] of this.#divide(target)) {
      const parents = open.filter((shard) => shard.from <= to && shard.to >= from)
      // a shard has two parents at most: the service makes shards between, which nobody sees here
      const child = this.#make(
        from,
        to,
        parents.slice(0, 2).map(({ id }) => id),
      )
      for (const parent of parents) parent.children.push(child)
    }
    this.#wake()
  }

  /** Forgets what is older than the retention. */
  trim(): void {
    const before = this.#now() - this.retentionHours * hourMs
    for (const [id, shard] of this.shards) {
      shard.trim(before)
      if (shard.closedAt !== undefined && shard.closedAt < before) this.shards.delete(id)
    }
  }

  /** Nobody waits any more. */
  end(): void {
    this.#wake()
  }

  #openShard(id: string): StoredShard {
    const shard = this.shard(id)
    if (shard.closedAt !== undefined)
      throw new ServiceError('ResourceInUseException', `Shard ${id} in stream ${this.name} is closed already`)
    return shard
  }

  #close(shards: readonly StoredShard[]): void {
    for (const shard of shards) {
      shard.closedAt = this.#now()
      shard.endingSequenceNumber = this.#numbers.next(numberOf(shard.id))
    }
  }

  #make(from: bigint, to: bigint, parents: readonly string[]): StoredShard {
    const number = this.#shardsMade++
    const shard = new StoredShard({
      id: `shardId-${String(number).padStart(12, '0')}`,
      from,
      to,
      parents,
      startingSequenceNumber: this.#numbers.next(number),
      createdAt: this.#now(),
      limits: this.#limits,
    })
    this.shards.set(shard.id, shard)
    return shard
  }

  #divide(count: number): [bigint, bigint][] {
    const size = (largestHashKey + 1n) / BigInt(count)
    return Array.from({ length: count }, (_, i) => {
      const from = BigInt(i) * size
      return [from, i === count - 1 ? largestHashKey : from + size - 1n]
    })
  }

  #wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }
}

const numberOf = (shardId: string): number => Number(shardId.slice(-12))

const base64Bytes = (text: string): number => {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  return (text.length / 4) * 3 - padding
}
