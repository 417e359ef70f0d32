import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { MillraceError } from '@millrace/core'
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
const retryEveryMs = 500
/** What an entry takes of memory beside its bytes, roughly: a buffer of short records is bounded, too. */
const overheadBytes = 256
/** Errors of a whole request that one of its records may be to blame for. */
const refusals: ReadonlySet<string> = new Set(['ValidationException', 'InvalidArgumentException'])

/**
 * Puts records: many a request, no faster than each shard takes them, and again those that were refused. What it holds is bounded by whoever
 * adds, by {@link RecordWriter.room}.
 */
export class RecordWriter {
  readonly #options: RecordWriterOptions
  readonly #map: ShardMap
  readonly #lanes = new Map<string, Lane>()
  readonly #stats = new Map<string, LaneStats>()
  readonly #hashes = new Map<string, string>()
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
  #failedAt = -Infinity
  #refreshing: Promise<boolean> | undefined
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
    this.#spread()
  }

  add({ partitionKey, explicitHashKey, data, done, failed }: NewRecord): void {
    const bytes = data.length + keyBytes(partitionKey)
    const hash = explicitHashKey === undefined ? this.#hashOf(partitionKey) : hexOfHashKey(BigInt(explicitHashKey))
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
    while (!this.hasRoom) await this.#changed()
  }

  get hasRoom(): boolean {
    return this.#bufferedBytes + this.#buffered * overheadBytes < this.#options.maxBufferedBytes
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

  /** The MD5 of a key costs as much as all else of a short record, and keys come again. */
  #hashOf(partitionKey: string): string {
    const known = this.#hashes.get(partitionKey)
    if (known !== undefined) return known
    if (this.#hashes.size >= mostHashesKept) this.#hashes.clear()
    const hash = hexHashOf(partitionKey)
    this.#hashes.set(partitionKey, hash)
    return hash
  }

  #isFull(): boolean {
    const { maxRequestBytes, maxRecords, lane } = this.#options
    // whoever waits for room waits for no others
    if (this.#queuedBytes >= maxRequestBytes || !this.hasRoom) return true
    // of aggregates it is bytes that fill a request, not records
    return lane.aggregateBytes === undefined && this.#queued >= maxRecords
  }

  #laneOf(hash: string): Lane {
    const id = this.#map.find(hash) ?? unknownShard
    let lane = this.#lanes.get(id)
    if (lane === undefined) {
      const stats = this.#stats.get(id) ?? { records: 0, bytes: 0, throttled: 0 }
      this.#stats.set(id, stats)
      // of an aggregate all must belong to one shard
      const options = id === unknownShard ? { ...this.#options.lane, aggregateBytes: undefined } : this.#options.lane
      lane = new Lane(id, options, stats, Date.now())
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
          const carrier = lane.take(now, batch.length === 0 ? Infinity : maxRequestBytes - bytes)
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
    try {
      await this.#put(batch)
    } finally {
      this.#inFlight--
      this.#idleUntil = -Infinity
      if (this.#mustSpread && this.#inFlight === 0) this.#spread()
      this.#pump()
      this.#notify()
    }
  }

  async #put(batch: readonly Carrier[]): Promise<void> {
    this.#counts.requests++
    let answers: readonly PutRecordsEntry[]
    try {
      answers = await putRecords(this.#options.client, this.#map.reference, batch)
    } catch (error) {
      if (refusals.has(nameOf(error))) return this.#putApart(batch, error as Error)
      const [ErrorCode, ErrorMessage] = [nameOf(error), error instanceof Error ? error.message : '']
      this.#refused(batch.map((carrier) => [carrier, { ErrorCode, ErrorMessage }]))
      if (classOf(error) === 'gone') void this.#refresh()
      return
    }
    await this.#answered(batch, answers)
  }

  /** One record may be to blame: the others are put without it. Of one alone it is known. */
  async #putApart(batch: readonly Carrier[], error: Error): Promise<void> {
    const [only] = batch
    if (batch.length > 1) {
      // one after the other, as order may matter
      const half = batch.length >> 1
      await this.#put(batch.slice(0, half))
      return this.#put(batch.slice(half))
    }
    if (only === undefined) return
    const { stream } = this.#options
    // where none was ever taken, it may as well be the stream that is wrong
    const isItsOwn = this.#counts.records > 0 && only.entries.every(({ failed }) => failed !== undefined)
    if (only.entries.length > 1 || !isItsOwn)
      return this.#refused([[only, { ErrorCode: error.name, ErrorMessage: error.message }]])
    this.#lastError = { code: error.name, message: error.message }
    this.#laneFor(only).released(only.entries)
    for (const entry of only.entries) {
      this.#forget(entry)
      entry.failed?.(
        new MillraceError('SINK', `PutRecords of stream ${stream}: ${error.name}: ${error.message}`, { cause: error }),
      )
    }
  }

  async #answered(batch: readonly Carrier[], answers: readonly PutRecordsEntry[]): Promise<void> {
    const isElsewhere = ({ shardId }: Carrier, i: number): boolean => (answers[i]?.ShardId ?? shardId) !== shardId
    const isUnknown = answers.some(({ ShardId }) => ShardId !== undefined && !this.#map.has(ShardId))
    const refreshed = isUnknown ? this.#refresh() : Promise.resolve(true)
    // of an aggregate that went elsewhere, members may belong to yet another shard
    const mayBeAstray = batch.some((carrier, i) => carrier.entries.length > 1 && isElsewhere(carrier, i))
    const isKnown = mayBeAstray && (await refreshed)
    const refused: [Carrier, PutRecordsEntry][] = []
    batch.forEach((carrier, i) => {
      const answer = answers[i] ?? {}
      const { ShardId: shardId, SequenceNumber: sequenceNumber, ErrorCode, ErrorMessage = '' } = answer
      if (ErrorCode !== undefined || shardId === undefined || sequenceNumber === undefined)
        return void refused.push([carrier, { ErrorCode: ErrorCode ?? 'NoAnswer', ErrorMessage }])
      this.#lastError = undefined
      const { entries } = carrier
      const [first] = entries
      if (entries.length === 1 && first !== undefined) {
        this.#laneFor(carrier).settled(carrier)
        return this.#settle(first, shardId, sequenceNumber)
      }
      const isAstray = ({ hash }: Entry): boolean =>
        isKnown && entries.length > 1 && isElsewhere(carrier, i) && this.#map.find(hash) !== shardId
      this.#laneFor(carrier).settled(carrier)
      entries.forEach((entry, sub) => {
        if (!isAstray(entry)) this.#settle(entry, shardId, sequenceNumber, sub)
      })
      const astray = entries.filter(isAstray)
      if (astray.length > 0)
        refused.push([
          { ...carrier, entries: astray },
          { ErrorCode: 'WrongShard', ErrorMessage: `its aggregate went to ${shardId}, which is not its own` },
        ])
    })
    this.#refused(refused)
  }

  #settle(entry: Entry, shardId: string, sequenceNumber: string, sub?: number): void {
    this.#forget(entry)
    this.#counts.records++
    if (entry.done === undefined) return
    const result = { shardId, sequenceNumber, attempts: (entry.attempts?.length ?? 0) + 1 }
    entry.done(sub === undefined ? result : { ...result, subSequenceNumber: sub })
  }

  /** Together, so that they keep their order, and each shard is waited for once. */
  #refused(all: readonly (readonly [Carrier, PutRecordsEntry])[]): void {
    const at = Date.now()
    const lanes = new Map<Lane, { readonly entries: Entry[]; throttled: number }>()
    for (const [carrier, { ErrorCode: error = '', ErrorMessage: message = '' }] of all) {
      this.#lastError = { code: error, message }
      this.#counts.retried++
      const lane = this.#laneFor(carrier)
      const of = lanes.get(lane) ?? { entries: [], throttled: 0 }
      lanes.set(lane, of)
      if (error === 'ProvisionedThroughputExceededException') of.throttled++
      for (const entry of carrier.entries) {
        of.entries.push(entry)
        ;(entry.attempts ??= []).push({ at, error, message })
        if (entry.attempts.length > mostAttemptsKept) entry.attempts.shift()
        this.#queued++
        this.#queuedBytes += entry.bytes
      }
    }
    for (const [lane, { entries, throttled }] of lanes) lane.refused(entries, at, throttled)
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

  /** The shards are others: what waits is put into their lanes. @returns whether the shards are known now */
  #refresh(): Promise<boolean> {
    if (this.#refreshing !== undefined) return this.#refreshing
    if (Date.now() - this.#failedAt < retryEveryMs) return Promise.resolve(false)
    this.#refreshing = this.#map
      .refresh()
      .then(() => {
        this.#spread()
        return true
      })
      .catch(() => {
        this.#failedAt = Date.now()
        return false
      })
      .finally(() => (this.#refreshing = undefined))
    return this.#refreshing
  }

  /** Not while something is on its way: it could come back to its lane, and what is later be put by another one. */
  #spread(): void {
    this.#mustSpread = this.#inFlight > 0
    if (this.#mustSpread) return
    const moved: Entry[] = []
    for (const [id, lane] of this.#lanes) {
      if (this.#map.has(id)) continue
      this.#lanes.delete(id)
      for (const entry of lane.clear()) moved.push(entry)
    }
    // what was added to the new lanes in the meantime is later
    if (moved.length > 0) for (const lane of this.#lanes.values()) for (const entry of lane.clear()) moved.push(entry)
    for (const entry of moved) this.#laneOf(entry.hash).add(entry)
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
const mostHashesKept = 10_000

function keyBytes(key: string): number {
  for (let i = 0; i < key.length; i++) if (key.charCodeAt(i) > 127) return Buffer.byteLength(key)
  return key.length
}
