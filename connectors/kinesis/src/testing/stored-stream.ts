import { hexHashOf, hexOfHashKey, largestHashKey } from '../wire/hash-key.ts'
import type { KinesisLimits } from './limits.ts'
import { SequenceNumbers } from './sequence-numbers.ts'
import { badArgument, notFound, ServiceError } from './service-error.ts'
import { type StoredConsumer, StoredConsumers } from './stored-consumers.ts'
import { StoredRecord, StoredShard } from './stored-shard.ts'

const hourMs = 3_600_000

const mostHashes = 10_000

/** What a stream is doing. */
export type StreamStatus = 'CREATING' | 'ACTIVE' | 'UPDATING'

/** What a stream is made of. */
export interface StreamOptions {
  readonly name: string
  readonly arn: string
  readonly shards: number
  readonly now: () => number
  readonly limits: KinesisLimits
  readonly mode?: string
  /** How long a stream is created, and its shards are changed, in ms. */
  readonly transitionMs: number
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
  readonly consumers: StoredConsumers
  readonly tags: Map<string, string> = new Map()
  isDeleted = false
  /** Keys come again. */
  readonly #hashes = new Map<string, string>()
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
  readonly #transitionMs: number
  #shardsMade = 0
  #updatingUntil = -Infinity
  /** When it was last scaled, of the last 24 hours. */
  #scaledAt: number[] = []

  constructor({ name, arn, shards, now, limits, mode = 'PROVISIONED', transitionMs }: StreamOptions) {
    this.name = name
    this.arn = arn
    this.mode = mode
    this.#now = now
    this.#limits = limits
    this.#transitionMs = transitionMs
    this.createdAt = now()
    this.consumers = new StoredConsumers(arn, now, transitionMs)
    this.#numbers = new SequenceNumbers(this.createdAt)
    this.#divide(shards).forEach(([from, to]) => this.#make(from, to, []))
  }

  get status(): StreamStatus {
    // a clock that steps back unmakes nothing
    if (this.#transitionMs === 0) return 'ACTIVE'
    const now = this.#now()
    if (now < this.createdAt + this.#transitionMs) return 'CREATING'
    return now < this.#updatingUntil ? 'UPDATING' : 'ACTIVE'
  }

  get open(): StoredShard[] {
    return [...this.shards.values()].filter(({ closedAt }) => closedAt === undefined)
  }

  /** @throws ServiceError where the stream is being created, has one of that name, or 20 in all */
  register(name: string): StoredConsumer {
    if (this.status === 'CREATING') this.#checkActive()
    return this.consumers.register(name)
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
      explicitHashKey === undefined ? this.#hashOf(partitionKey) : hexOfHashKey(BigInt(explicitHashKey)),
    )
    if (!shard.mayWrite(bytes, now))
      throw new ServiceError(
        'ProvisionedThroughputExceededException',
        `Rate exceeded for shard ${shard.id} in stream ${this.name}`,
      )
    const sequenceNumber = this.#numbers.next(numberOf(shard.id))
    shard.records.push(new StoredRecord(sequenceNumber, partitionKey, data, now, bytes))
    this.bytes += bytes
    this.#wake()
    return { shardId: shard.id, sequenceNumber }
  }

  #hashOf(partitionKey: string): string {
    let hash = this.#hashes.get(partitionKey)
    if (hash === undefined) {
      if (this.#hashes.size >= mostHashes) this.#hashes.clear()
      hash = hexHashOf(partitionKey)
      this.#hashes.set(partitionKey, hash)
    }
    return hash
  }

  /** The open shard of a hash key of 32 hex digits. */
  shardOf(hash: string): StoredShard {
    for (const shard of this.shards.values()) if (shard.holds(hash)) return shard
    throw new Error(`no shard of ${this.name} holds ${hash}`)
  }

  /** @throws ServiceError where it cannot be split there, or the stream changes already */
  split(id: string, at: bigint): void {
    this.#checkActive()
    this.#split(id, at)
    this.#changed()
  }

  /** @throws ServiceError where they are not adjacent, or the stream changes already */
  merge(first: string, second: string): void {
    this.#checkActive()
    this.#merge(first, second)
    this.#changed()
  }

  /**
   * So many shards of equal size, by splits and merges, as the service does: a shard that is in the way of two is split before it is merged.
   *
   * @throws ServiceError for more than twice or less than half as many, or too often, or when the stream changes already
   */
  scale(target: number): void {
    this.#checkActive()
    const { length } = this.open
    if (target > length * 2 || target < length / 2)
      throw new ServiceError('LimitExceededException', `UpdateShardCount cannot go from ${length} to ${target} shards`)
    const now = this.#now()
    this.#scaledAt = this.#scaledAt.filter((at) => at > now - 24 * hourMs)
    if (this.#scaledAt.length >= this.#limits.scalingsPerDay)
      throw new ServiceError(
        'LimitExceededException',
        `Stream ${this.name} was scaled ${this.#scaledAt.length} times in 24 hours`,
      )
    this.#scaledAt.push(now)
    for (const [from, to] of this.#divide(target)) {
      for (const edge of [from, to + 1n]) {
        const across = this.open.find((shard) => shard.from < edge && shard.to >= edge)
        if (across !== undefined) this.#split(across.id, edge)
      }
      const parts = this.open.filter((shard) => shard.from >= from && shard.to <= to)
      parts.toSorted((a, b) => (a.from < b.from ? -1 : 1)).reduce((whole, next) => this.#merge(whole.id, next.id))
    }
    this.#changed()
  }

  #split(id: string, at: bigint): void {
    const shard = this.#openShard(id)
    if (at <= shard.from || at > shard.to)
      throw badArgument(`NewStartingHashKey ${at} used in SplitShard() on shard ${id} is not valid`)
    const parts: [bigint, bigint][] = [
      [shard.from, at - 1n],
      [at, shard.to],
    ]
    this.#close([shard])
    shard.children = parts.map(([from, to]) => this.#make(from, to, [id]))
  }

  #merge(first: string, second: string): StoredShard {
    const [one, other] = [this.#openShard(first), this.#openShard(second)]
    const areAdjacent = one.to + 1n === other.from || other.to + 1n === one.from
    if (!areAdjacent) throw badArgument(`Shards ${first} and ${second} in stream ${this.name} are not adjacent`)
    const [from, to] = one.from < other.from ? [one.from, other.to] : [other.from, one.to]
    this.#close([one, other])
    const child = this.#make(from, to, [first, second])
    one.children = [child]
    other.children = [child]
    return child
  }

  #checkActive(): void {
    const { status } = this
    if (status !== 'ACTIVE')
      throw new ServiceError('ResourceInUseException', `Stream ${this.name} is not ACTIVE, instead in state ${status}`)
  }

  #changed(): void {
    this.#updatingUntil = this.#now() + this.#transitionMs
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

  /** Nobody waits any more: the stream is deleted, or a consumer of it. */
  end(isDeleted: boolean): void {
    this.isDeleted ||= isDeleted
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
    if (this.#waiting.size === 0) return
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
