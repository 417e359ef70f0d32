import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { classOf, nameOf } from '../client/error-class.ts'
import { hexHashOf, hexOfHashKey } from '../wire/hash-key.ts'
import type { Carrier } from './carrier.ts'
import { type Entry, ExpiredError } from './entry.ts'
import { Lane, type LaneOptions, type LaneStats } from './lane.ts'
import { putRecords, type PutRecordsEntry } from './put-records.ts'
import { ShardMap } from './shard-map.ts'

/** Options of {@link RecordWriter}. */
export interface RecordWriterOptions {
  readonly client: KinesisClient
  /** Name or ARN. */
  readonly stream: string
  readonly lane: LaneOptions
  /** A record waits so long for others at most. */
  readonly lingerMs: number
  /** Records of one request at most. */
  readonly maxRecords: number
  /** Bytes of one request at most, keys included, before base64. */
  readonly maxRequestBytes: number
  readonly maxInFlight: number
  readonly maxBufferedBytes: number
  /** A record that could not be put in time fails. Infinity: it is tried until it is put. */
  readonly ttlMs: number
}

/** A record to put. */
export interface NewRecord {
  readonly partitionKey: string
  readonly explicitHashKey?: string | undefined
  readonly data: Uint8Array
  readonly done?: Entry['done']
  readonly failed?: Entry['failed']
}

/** What a writer has done so far, and what it has to do. */
export interface WriterStats {
  /** Records that are put. */
  readonly records: number
  readonly requests: number
  /** Records of Kinesis that were refused and put again. */
  readonly retried: number
  readonly expired: number
  readonly bufferedRecords: number
  readonly bufferedBytes: number
  /** By shard; a shard that takes far more than the others is hot. */
  readonly shards: Readonly<
    Record<string, { readonly records: number; readonly bytes: number; readonly throttled: number }>
  >
  /** The error that was met last, where nothing was put since. */
  readonly lastError: { readonly code: string; readonly message: string } | undefined
}

/** Where entries are whose shard is not known. */
const unknownShard = ''
const refreshEveryMs = 5_000

/**
 * Puts records: many a request, no faster than each shard takes them, and again those that were refused. What it holds is bounded by whoever
 * adds, by {@link RecordWriter.room}.
 */
export class RecordWriter {
  readonly #options: RecordWriterOptions
  readonly #map: ShardMap
  readonly #lanes = new Map<string, Lane>()
  readonly #stats = new Map<string, LaneStats>()
  readonly #counts = { records: 0, requests: 0, retried: 0, expired: 0 }
  #buffered = 0
  #bufferedBytes = 0
  /** Not on their way. */
  #queued = 0
  #queuedBytes = 0
  /** Nothing can be taken before, in ms since 1970. */
  #idleUntil = -Infinity
  /** The shards are others; what waits is to be spread anew once nothing is on its way. */
  #mustSpread = false
  #inFlight = 0
  #isFlushing = false
  #timer: NodeJS.Timeout | undefined
  #timerAt = Infinity
  #waiting: (() => void)[] = []
  #refreshedAt = -Infinity
  #refreshing: Promise<void> | undefined
  #lastError: WriterStats['lastError']
  #turn = 0

  constructor(options: RecordWriterOptions) {
    this.#options = options
    const { stream } = options
    this.#map = new ShardMap(options.client, stream.startsWith('arn:') ? { StreamARN: stream } : { StreamName: stream })
  }

  /** Learns the shards. @throws what the client throws, for a stream that is not there */
  async open(): Promise<void> {
    await this.#map.refresh()
    this.#refreshedAt = Date.now()
    this.#spread()
  }

  add({ partitionKey, explicitHashKey, data, done, failed }: NewRecord): void {
    const bytes = data.length + keyBytes(partitionKey)
    const hash = explicitHashKey === undefined ? hexHashOf(partitionKey) : hexOfHashKey(BigInt(explicitHashKey))
    const entry: Entry = {
      partitionKey,
      explicitHashKey,
      data,
      bytes,
      addedAt: Date.now(),
      hash,
      done,
      failed,
      attempts: undefined,
    }
    this.#buffered++
    this.#bufferedBytes += bytes
    this.#queued++
    this.#queuedBytes += bytes
    this.#laneOf(hash).add(entry)
    if (!this.#isFull() && !this.#isFlushing) this.#wakeIn(this.#options.lingerMs)
    else if (entry.addedAt >= this.#idleUntil) this.#pump()
  }

  /** Resolves when there is room for more. */
  async room(): Promise<void> {
    while (this.#bufferedBytes >= this.#options.maxBufferedBytes) await this.#changed()
  }

  get hasRoom(): boolean {
    return this.#bufferedBytes < this.#options.maxBufferedBytes
  }

  /** Resolves when all that was added is put or given up; `stop` ends the waiting. */
  async flush(stop?: AbortSignal): Promise<void> {
    this.#isFlushing = true
    this.#pump()
    while (this.#buffered > 0 && stop?.aborted !== true) await this.#changed(stop)
    this.#isFlushing = false
  }

  stats(): WriterStats {
    const shards = [...this.#stats].filter(([, { records, throttled }]) => records > 0 || throttled > 0)
    return {
      ...this.#counts,
      bufferedRecords: this.#buffered,
      bufferedBytes: this.#bufferedBytes,
      shards: Object.fromEntries(shards.map(([id, stats]) => [id, { ...stats }])),
      lastError: this.#lastError,
    }
  }

  /** Puts nothing any more; what is held is forgotten. */
  close(): void {
    clearTimeout(this.#timer)
    this.#lanes.clear()
    this.#buffered = this.#bufferedBytes = this.#queued = this.#queuedBytes = 0
    this.#notify()
  }

  #isFull(): boolean {
    const { maxRequestBytes, maxRecords, lane } = this.#options
    // of aggregates it is bytes that fill a request, not records
    return this.#queuedBytes >= maxRequestBytes || (lane.aggregateBytes === undefined && this.#queued >= maxRecords)
  }

  #laneOf(hash: string): Lane {
    const id = this.#map.find(hash) ?? unknownShard
    let lane = this.#lanes.get(id)
    if (lane === undefined) {
      const stats = this.#stats.get(id) ?? { records: 0, bytes: 0, throttled: 0 }
      this.#stats.set(id, stats)
      lane = new Lane(id, this.#options.lane, stats, Date.now())
      this.#lanes.set(id, lane)
    }
    return lane
  }

  #pump(): void {
    const { maxInFlight, lingerMs } = this.#options
    const now = Date.now()
    this.#expire(now)
    while (this.#inFlight < maxInFlight && !this.#mustSpread) {
      const isDue = this.#isFlushing || this.#isFull() || this.#oldest() <= now - lingerMs
      const batch = isDue ? this.#takeBatch(now) : []
      if (batch.length === 0) break
      void this.#send(batch)
    }
    // whoever comes back from the service pumps, too
    const wait = this.#inFlight < maxInFlight && !this.#mustSpread ? this.#untilDue(now) : Infinity
    this.#idleUntil = this.#inFlight === 0 && wait === Infinity ? -Infinity : now + wait
    this.#wakeIn(wait)
  }

  #oldest(): number {
    let oldest = Infinity
    for (const lane of this.#lanes.values()) oldest = Math.min(oldest, lane.oldest)
    return oldest
  }

  #untilDue(now: number): number {
    let least = Infinity
    for (const lane of this.#lanes.values()) {
      if (lane.length === 0) continue
      const due = this.#isFlushing ? 0 : lane.oldest + this.#options.lingerMs - now
      least = Math.min(least, Math.max(due, lane.untilOpen(now)))
    }
    return Math.min(least, this.#oldest() + this.#options.ttlMs - now)
  }

  /** From each lane in turn, so that one that is long holds back no other. */
  #takeBatch(now: number): Carrier[] {
    const { maxRecords, maxRequestBytes } = this.#options
    const lanes = [...this.#lanes.values()]
    const first = this.#turn++ % Math.max(1, lanes.length)
    const turned = [...lanes.slice(first), ...lanes.slice(0, first)]
    const share = Math.max(1, Math.ceil(maxRecords / Math.max(1, lanes.length)))
    const batch: Carrier[] = []
    let bytes = 0
    for (const most of [share, maxRecords])
      for (const lane of turned)
        for (let taken = 0; taken < most && batch.length < maxRecords && bytes < maxRequestBytes; taken++) {
          const carrier = lane.take(now)
          if (carrier === undefined) break
          batch.push(carrier)
          bytes += carrier.bytes
          this.#queued -= carrier.entries.length
          for (const entry of carrier.entries) this.#queuedBytes -= entry.bytes
        }
    return batch
  }

  async #send(batch: readonly Carrier[]): Promise<void> {
    this.#inFlight++
    this.#counts.requests++
    try {
      const answers = await putRecords(this.#options.client, this.#map.reference, batch)
      batch.forEach((carrier, i) => this.#answered(carrier, answers[i] ?? {}))
    } catch (error) {
      for (const carrier of batch) this.#refused(carrier, nameOf(error), error instanceof Error ? error.message : '')
      if (classOf(error) === 'gone') this.#refresh()
    } finally {
      this.#inFlight--
      this.#idleUntil = -Infinity
      if (this.#mustSpread && this.#inFlight === 0) this.#spread()
      this.#pump()
      this.#notify()
    }
  }

  #answered(carrier: Carrier, answer: PutRecordsEntry): void {
    const { ShardId: shardId, SequenceNumber: sequenceNumber, ErrorCode, ErrorMessage = '' } = answer
    if (ErrorCode !== undefined || shardId === undefined || sequenceNumber === undefined)
      return this.#refused(carrier, ErrorCode ?? 'NoAnswer', ErrorMessage)
    this.#lastError = undefined
    this.#laneFor(carrier).settled(carrier)
    const isAggregate = carrier.entries.length > 1
    carrier.entries.forEach((entry, sub) => {
      this.#forget(entry)
      const result = { shardId, sequenceNumber, attempts: (entry.attempts?.length ?? 0) + 1 }
      entry.done?.(isAggregate ? { ...result, subSequenceNumber: sub } : result)
    })
    this.#counts.records += carrier.entries.length
    if (shardId !== carrier.shardId) this.#refresh()
  }

  #refused(carrier: Carrier, error: string, message: string): void {
    this.#lastError = { code: error, message }
    this.#counts.retried++
    const at = Date.now()
    for (const entry of carrier.entries) {
      ;(entry.attempts ??= []).push({ at, error, message })
      if (entry.attempts.length > mostAttemptsKept) entry.attempts.shift()
      this.#queuedBytes += entry.bytes
    }
    this.#queued += carrier.entries.length
    this.#laneFor(carrier).refused(carrier, at, error === 'ProvisionedThroughputExceededException')
  }

  #laneFor({ shardId, entries }: Carrier): Lane {
    return this.#lanes.get(shardId) ?? this.#laneOf((entries[0] as Entry).hash)
  }

  #expire(now: number): void {
    const { ttlMs, stream } = this.#options
    if (ttlMs === Infinity || this.#oldest() > now - ttlMs) return
    for (const lane of this.#lanes.values())
      for (const entry of lane.clear()) {
        if (entry.addedAt > now - ttlMs) {
          lane.add(entry)
          continue
        }
        this.#queued--
        this.#queuedBytes -= entry.bytes
        this.#counts.expired++
        this.#forget(entry)
        entry.failed?.(new ExpiredError(stream, ttlMs, entry.attempts ?? []))
      }
    this.#notify()
  }

  #forget({ bytes }: Entry): void {
    this.#buffered--
    this.#bufferedBytes -= bytes
  }

  /** The shards are others: what waits is put into their lanes. */
  #refresh(): void {
    if (this.#refreshing !== undefined || Date.now() - this.#refreshedAt < refreshEveryMs / 10) return
    this.#refreshing = this.#map
      .refresh()
      .then(() => this.#spread())
      .catch(() => undefined)
      .finally(() => {
        this.#refreshedAt = Date.now()
        this.#refreshing = undefined
      })
  }

  /** Not while something is on its way: it could come back to its lane, and what is later be put by another one. */
  #spread(): void {
    this.#mustSpread = this.#inFlight > 0
    if (this.#mustSpread) return
    const known = new Set(this.#map.ids)
    for (const [id, lane] of this.#lanes) {
      if (known.has(id)) continue
      this.#lanes.delete(id)
      for (const entry of lane.clear()) this.#laneOf(entry.hash).add(entry)
    }
    this.#pump()
  }

  #wakeIn(ms: number): void {
    if (ms === Infinity) return
    if (this.#timer !== undefined) {
      if (this.#timerAt <= Date.now() + ms) return
      clearTimeout(this.#timer)
    }
    this.#timerAt = Date.now() + ms
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#pump()
    }, ms)
  }

  async #changed(stop?: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
      stop?.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  #notify(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}

const mostAttemptsKept = 20

function keyBytes(key: string): number {
  for (let i = 0; i < key.length; i++) if (key.charCodeAt(i) > 127) return Buffer.byteLength(key)
  return key.length
}
