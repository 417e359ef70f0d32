import { hexOfHashKey } from '../wire/hash-key.ts'
import { type KinesisLimits, TokenBucket } from './limits.ts'

/** A record as it lies in a shard. */
export class StoredRecord {
  readonly sequenceNumber: string
  readonly partitionKey: string
  /** Base64. */
  readonly data: string
  /** When it was put, in ms since 1970. */
  readonly arrival: number
  /** Data and key, as the limits count them. */
  readonly bytes: number
  #json: string | undefined

  constructor(sequenceNumber: string, partitionKey: string, data: string, arrival: number, bytes: number) {
    this.sequenceNumber = sequenceNumber
    this.partitionKey = partitionKey
    this.data = data
    this.arrival = arrival
    this.bytes = bytes
  }

  /** As GetRecords answers it; made when it is read first, which may never be. */
  get json(): string {
    this.#json ??= `{"SequenceNumber":"${this.sequenceNumber}","ApproximateArrivalTimestamp":${this.arrival / 1000},"Data":"${this.data}","PartitionKey":${JSON.stringify(this.partitionKey)}}`
    return this.#json
  }
}

/** What a shard is made of. */
export interface ShardOptions {
  readonly id: string
  /** Of the keys that land here, both included. */
  readonly from: bigint
  readonly to: bigint
  readonly parents: readonly string[]
  readonly startingSequenceNumber: string
  readonly createdAt: number
  readonly limits: KinesisLimits
}

const largestAnswer = 10 * 1024 * 1024

/** A shard: records in order, from the first that retention has left. */
export class StoredShard {
  readonly id: string
  readonly from: bigint
  readonly to: bigint
  readonly parents: readonly string[]
  readonly startingSequenceNumber: string
  readonly createdAt: number
  readonly records: StoredRecord[] = []
  /** Number of records that retention has taken, from the beginning. */
  trimmed = 0
  /** When it took no more records, in ms since 1970. */
  closedAt: number | undefined
  endingSequenceNumber: string | undefined
  children: StoredShard[] = []
  readonly #limits: KinesisLimits
  readonly #fromHex: string
  readonly #toHex: string
  readonly #writeRecords: TokenBucket
  readonly #writeBytes: TokenBucket
  readonly #readCalls: TokenBucket
  readonly #iteratorCalls: TokenBucket
  readonly #readBytes: TokenBucket
  #blockedUntil = -Infinity

  constructor({ id, from, to, parents, startingSequenceNumber, createdAt, limits }: ShardOptions) {
    this.id = id
    this.from = from
    this.to = to
    this.parents = parents
    this.startingSequenceNumber = startingSequenceNumber
    this.createdAt = createdAt
    this.#limits = limits
    this.#fromHex = hexOfHashKey(from)
    this.#toHex = hexOfHashKey(to)
    this.#writeRecords = new TokenBucket(limits.writeRecordsPerSecond, createdAt)
    this.#writeBytes = new TokenBucket(limits.writeBytesPerSecond, createdAt)
    this.#readCalls = new TokenBucket(limits.readCallsPerSecond, createdAt)
    this.#iteratorCalls = new TokenBucket(limits.readCallsPerSecond, createdAt)
    this.#readBytes = new TokenBucket(limits.readBytesPerSecond, createdAt)
  }

  /** `hash` is 32 hex digits. */
  holds(hash: string): boolean {
    return this.closedAt === undefined && hash >= this.#fromHex && hash <= this.#toHex
  }

  /** Whether the shard still takes so much this second; it is counted then. */
  mayWrite(bytes: number, now: number): boolean {
    if (!this.#writeBytes.isOpen(now) || !this.#writeRecords.takeOne(now)) return false
    this.#writeBytes.take(bytes)
    return true
  }

  mayRead(now: number): boolean {
    return now >= this.#blockedUntil && this.#readBytes.isOpen(now) && this.#readCalls.takeOne(now)
  }

  mayAskForIterator(now: number): boolean {
    return this.#iteratorCalls.takeOne(now)
  }

  /** After an answer of 10 MiB nobody reads for 5 s; after one that takes more than the second has, for 1 s. */
  hasRead(bytes: number, now: number): void {
    if (this.#limits.readBytesPerSecond === Infinity) return
    this.#readBytes.take(bytes)
    if (bytes >= largestAnswer * 0.99) this.#blockedUntil = now + 5_000
    else if (!this.#readBytes.isOpen(now)) this.#blockedUntil = now + 1_000
  }

  /** Index among {@link StoredShard.records} of the first record at or after a sequence number. */
  indexOf(sequenceNumber: string): number {
    const { records } = this
    let [low, high] = [0, records.length]
    while (low < high) {
      const middle = (low + high) >> 1
      // all of one length: text compares as numbers do
      if ((records[middle] as StoredRecord).sequenceNumber < sequenceNumber) low = middle + 1
      else high = middle
    }
    return low
  }

  indexAt(time: number): number {
    const found = this.records.findIndex(({ arrival }) => arrival >= time)
    return found < 0 ? this.records.length : found
  }

  /** Records that retention has left so far go when they are older. */
  trim(before: number): void {
    let count = 0
    while (count < this.records.length && (this.records[count] as StoredRecord).arrival < before) count++
    if (count === 0) return
    this.records.splice(0, count)
    this.trimmed += count
  }
}
