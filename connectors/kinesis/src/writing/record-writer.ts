import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { MillraceError } from '@millrace/core'
import { type Carrier, entriesOf } from './carrier.ts'
import { type Entry, ExpiredError } from './entry.ts'
import { Flushes } from './flushes.ts'
import { type HotShard, HotShards } from './hot-shards.ts'
import { longestTimerMs } from '../longest-timer.ts'
import type { LaneOptions } from './lane.ts'
import { Lanes, type Refusal } from './lanes.ts'
import type { RecordData } from './record-bytes.ts'
import type { RecordKey } from './record-key.ts'
import { type Refused, Requests } from './requests.ts'
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
  readonly onHotShard: (hot: HotShard) => void | Promise<void>
  /** If given, all that wait fail once one does for its time, or they would be put before it; called before they are told. */
  readonly onExpired?: (() => void) | undefined
}

/** What goes with a record to put. */
export interface AddOptions {
  readonly done?: Entry['done']
  readonly failed?: Entry['failed']
  readonly value?: unknown
  readonly time?: number
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

const mostAttemptsKept = 20
/** How exactly the time of records is kept: they wait so much of it longer at most. */
const looksATtl = 50
/** What an entry takes of memory beside its bytes, roughly: a buffer of short records is bounded, too. */
const overheadBytes = 256
/** Of a buffer that is full for shards that take nothing, each record would look in vain. */
const askAgainMs = 1

/**
 * Puts records: many a request, no faster than each shard takes them, and again those that were refused. What it holds is bounded by whoever
 * adds, by {@link RecordWriter.room}.
 */
export class RecordWriter {
  readonly #options: RecordWriterOptions
  readonly #map: ShardMap
  readonly #lanes: Lanes
  readonly #requests: Requests
  readonly #counts = { records: 0, retried: 0, expired: 0 }
  #buffered = 0
  #bufferedBytes = 0
  /** A record that fills a request is not asked for before; this and all else is measured by a clock that never steps back. */
  #mayPumpAt = -Infinity
  /** The shards are others; what waits is to be spread anew once nothing is on its way. */
  #mustSpread = false
  #inFlight = 0
  readonly #flushes = new Flushes()
  readonly #hotShards: HotShards
  #timer: NodeJS.Timeout | undefined
  #timerAt = Infinity
  #waiting: (() => void)[] = []
  #lastError: WriterStats['lastError']
  /** Bytes that were added since. */
  #sinceCompact = 0
  #compactedAt = -Infinity
  /** Before, nothing that waits has no time left; rather early than late. */
  #expiresAt = Infinity
  /** To look at all that waits takes time. */
  #mayExpireAt = -Infinity
  /** What was added by then has no time left, also what was on its way and comes back. */
  #expiredAt = -Infinity
  #isClosed = false

  constructor(options: RecordWriterOptions) {
    this.#options = options
    const { client, stream, lane } = options
    const reference = stream.startsWith('arn:') ? { StreamARN: stream } : { StreamName: stream }
    this.#map = new ShardMap(client, reference, () => this.#spread())
    this.#lanes = new Lanes(this.#map, lane)
    this.#hotShards = new HotShards(stream, options.onHotShard, performance.now())
    this.#requests = new Requests(client, this.#map, {
      taken: (carrier, shardId, sequenceNumber, astray) => this.#taken(carrier, shardId, sequenceNumber, astray),
      refused: (all) => this.#refused(all),
      rejected: (carrier, cause) => this.#rejected(carrier, cause),
    })
  }

  /** Learns the shards. @throws what the client throws, for a stream that is not there */
  async open(): Promise<void> {
    await this.#map.refresh()
  }

  /** `now` and `addedAt`, when it was given, are in ms since the process began. */
  add(key: RecordKey, { slab, start, end }: RecordData, options: AddOptions, now: number, addedAt: number = now): void {
    const bytes = end - start + key.bytes
    const { done, failed, value, time = 0 } = options
    const entry: Entry = {
      key,
      slab,
      start,
      end,
      bytes,
      shardId: '',
      members: undefined,
      addedAt,
      done,
      failed,
      value,
      time,
      flush: this.#flushes.begin(),
      attempts: undefined,
      isAlone: false,
    }
    this.#buffered++
    this.#bufferedBytes += bytes
    this.#lanes.add(entry)
    this.#expiresAt = Math.min(this.#expiresAt, addedAt + this.#options.ttlMs)
    this.#compact(bytes, now)
    if (!this.#isFull()) this.#wakeIn(this.#options.lingerMs, now)
    else if (now >= this.#mayPumpAt) this.#pump()
    else this.#wakeIn(this.#mayPumpAt - now, now)
  }

  /** Resolves when there is room for more. */
  async room(): Promise<void> {
    while (!this.hasRoom) await this.#changed()
  }

  get hasRoom(): boolean {
    return this.#bufferedBytes + this.#buffered * overheadBytes < this.#options.maxBufferedBytes
  }

  /**
   * Resolves when all that was added so far is put or given up, whatever is added meanwhile; nothing waits for others until then.
   *
   * @throws Error when the writer is closed before
   */
  async flush(): Promise<void> {
    const flushed = this.#flushes.ask()
    this.#pump()
    await flushed
    if (this.#isClosed) throw new Error(`the writer of stream ${this.#options.stream} was closed before all was put`)
  }

  stats(): WriterStats {
    return {
      ...this.#counts,
      requests: this.#requests.count,
      bufferedRecords: this.#buffered,
      bufferedBytes: this.#bufferedBytes,
      shards: this.#lanes.stats(),
      lastError: this.#lastError,
    }
  }

  /** Puts nothing any more; what is held is forgotten. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#lanes.clear()
    this.#buffered = this.#bufferedBytes = 0
    this.#flushes.clear()
    this.#notify()
  }

  /** Records are pieces of larger memory: few that wait for long, for one shard, would hold that of all others. */
  #compact(bytes: number, now: number): void {
    this.#sinceCompact += bytes
    if (this.#sinceCompact < this.#options.maxBufferedBytes) return
    this.#lanes.compact(this.#compactedAt)
    this.#compactedAt = now
    this.#sinceCompact = 0
  }

  #isFull(): boolean {
    const { maxRequestBytes, maxRecords, lane } = this.#options
    // whoever waits for room waits for no others
    if (this.#lanes.bytes >= maxRequestBytes || !this.hasRoom) return true
    // of aggregates it is bytes that fill a request, not records
    return lane.aggregateBytes === undefined && this.#lanes.length >= maxRecords
  }

  #pump(): void {
    if (this.#isClosed) return
    const { maxInFlight, lingerMs, maxRecords, maxRequestBytes } = this.#options
    const now = performance.now()
    this.#expire(now)
    if (this.#hotShards.isDue(now)) this.#hotShards.check(now, this.#lanes.known(), this.#map.size)
    const mayTake = (): boolean => this.#inFlight < maxInFlight && !this.#mustSpread
    const isHurried = (): boolean => this.#flushes.isWaiting || this.#isFull()
    this.#mayPumpAt = -Infinity
    while (mayTake() && (isHurried() || this.#lanes.oldest <= now - lingerMs)) {
      const batch = this.#lanes.take(now, maxRecords, maxRequestBytes)
      if (batch.length > 0) void this.#send(batch)
      else {
        // all that waits is for shards that take nothing now: a record for another one asks soon
        this.#mayPumpAt = now + askAgainMs
        break
      }
    }
    // whoever comes back from the service pumps, too
    if (!mayTake()) this.#mayPumpAt = Infinity
    const untilDue = mayTake() ? this.#lanes.untilDue(now, isHurried() ? -Infinity : lingerMs) : Infinity
    const expiresAt = this.#lanes.length > 0 ? Math.max(this.#expiresAt, this.#mayExpireAt) : Infinity
    this.#wakeIn(Math.min(untilDue, expiresAt - now), now)
  }

  async #send(batch: readonly Carrier[]): Promise<void> {
    this.#inFlight++
    try {
      await this.#requests.put(batch)
    } finally {
      this.#inFlight--
      if (this.#mustSpread && this.#inFlight === 0) this.#spread()
      this.#pump()
      this.#notify()
    }
  }

  #taken(carrier: Carrier, shardId: string, sequenceNumber: string, astray: readonly Entry[]): void {
    if (this.#isClosed) return
    this.#lastError = undefined
    this.#lanes.settled(carrier)
    const { members } = carrier
    if (members === undefined) return this.#settle(carrier as Entry, shardId, sequenceNumber, undefined)
    members.forEach((entry, sub) => {
      if (!astray.includes(entry)) this.#settle(entry, shardId, sequenceNumber, sub)
    })
  }

  #settle(entry: Entry, shardId: string, sequenceNumber: string, sub: number | undefined): void {
    this.#forget(entry)
    this.#counts.records++
    if (entry.done === undefined) return
    const result = { shardId, sequenceNumber, attempts: (entry.attempts?.length ?? 0) + 1 }
    entry.done(sub === undefined ? result : { ...result, subSequenceNumber: sub })
  }

  #refused(all: readonly Refused[]): void {
    if (this.#isClosed) return
    const at = Date.now()
    for (const { entries, error, message } of all) {
      this.#lastError = { code: error, message }
      this.#counts.retried++
      for (const entry of entries) {
        ;(entry.attempts ??= []).push({ at, error, message })
        if (entry.attempts.length > mostAttemptsKept) entry.attempts.shift()
        if (entry.addedAt <= this.#expiredAt) this.#expiresAt = this.#mayExpireAt = -Infinity
        else this.#expiresAt = Math.min(this.#expiresAt, entry.addedAt + this.#options.ttlMs)
      }
    }
    this.#lanes.refused(all.map(refusalOf), performance.now())
  }

  #rejected(carrier: Carrier, cause: Error): void {
    if (this.#isClosed) return
    const { name: code, message } = cause
    this.#lastError = { code, message }
    this.#lanes.released(carrier)
    for (const entry of entriesOf(carrier)) {
      this.#forget(entry)
      const text = `PutRecords of stream ${this.#options.stream}: ${code}: ${message}`
      entry.failed?.(new MillraceError('SINK', text, { cause }), entry.value, entry.time)
    }
  }

  #expire(now: number): void {
    const { ttlMs, onExpired, stream } = this.#options
    if (now < this.#expiresAt || now < this.#mayExpireAt) return
    const { expired, oldestLeft } = this.#expiredBy(now)
    this.#expiresAt = oldestLeft + ttlMs
    this.#mayExpireAt = now + ttlMs / looksATtl
    if (expired.length === 0) return
    onExpired?.()
    this.#counts.expired += expired.length
    for (const entry of expired) {
      this.#forget(entry)
      entry.failed?.(new ExpiredError(stream, ttlMs, entry.attempts ?? []), entry.value, entry.time)
    }
    this.#notify()
  }

  #expiredBy(now: number): ReturnType<Lanes['expired']> {
    const { ttlMs, onExpired } = this.#options
    const found = this.#lanes.expired(Math.max(now - ttlMs, this.#expiredAt))
    if (found.expired.length === 0 || onExpired === undefined) return found
    this.#expiredAt = now
    return { expired: [...found.expired, ...this.#lanes.expired(now).expired], oldestLeft: Infinity }
  }

  #forget({ bytes, flush }: Entry): void {
    this.#buffered--
    this.#bufferedBytes -= bytes
    this.#flushes.end(flush)
  }

  /**
   * The shards are others: what waits goes to their lanes. Not while something is on its way: it could come back to its lane, and what is later
   * be put by another one.
   */
  #spread(): void {
    this.#mustSpread = this.#inFlight > 0
    if (this.#mustSpread) return
    this.#lanes.spread()
    this.#pump()
  }

  #wakeIn(ms: number, now: number): void {
    if (ms === Infinity) return
    if (this.#timer !== undefined) {
      if (this.#timerAt <= now + ms) return
      clearTimeout(this.#timer)
    }
    this.#timerAt = now + ms
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        this.#pump()
      },
      Math.min(ms, longestTimerMs),
    )
  }

  async #changed(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #notify(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}

const refusalOf = ({ carrier, entries, error }: Refused): Refusal => ({
  carrier,
  entries,
  isThrottle: error === 'ProvisionedThroughputExceededException',
})
