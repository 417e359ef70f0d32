import { types } from 'node:util'
import { badOption, type Codec, type Duration, durationMs, MillraceError } from '@millrace/core'
import { createWriteClient } from './client/create-client.ts'
import { resolveWriteOptions, type WriteOptions } from './sink-options.ts'
import { checkSize } from './writing/check-size.ts'
import type { PutResult } from './writing/entry.ts'
import { bufferOf, RecordBytes, type RecordData } from './writing/record-bytes.ts'
import { randomKey, type RecordKey, RecordKeys } from './writing/record-key.ts'
import { RecordWriter, type WriterStats } from './writing/record-writer.ts'

/** Options of {@link createProducer}. */
export interface ProducerOptions<T> extends WriteOptions {
  /** What {@link Producer.put} takes. @default bytes */
  readonly encode?: Codec<T>
  /** A record that could not be put in time fails with its tries. @default '30s' */
  readonly recordTtl?: Duration
}

/** What goes with a record. */
export interface PutOptions {
  /** At most 256 characters. @default another one for each record */
  readonly partitionKey?: string
  /** From 0 to 2^128 − 1. @default the MD5 of the partition key */
  readonly explicitHashKey?: string | bigint
}

/** Puts records on a stream, many a request. */
export interface Producer<T> extends AsyncDisposable {
  /**
   * Puts a record. Await it, or {@link Producer.ready}, before many more: then memory is bounded. Bytes that are given must stay as they are until
   * then.
   *
   * @returns where it lies. Rejects with ExpiredError, which has its tries, and with MillraceError for a record that the service never takes;
   * nobody needs to listen
   */
  put(record: T, options?: PutOptions): Promise<PutResult>
  /** Whether {@link Producer.put} takes a record at once. */
  readonly hasRoom: boolean
  /** Resolves when there is room for more: back-pressure for those who do not await {@link Producer.put}. */
  ready(): Promise<void>
  /** Resolves when all that was put so far is taken, or has failed. */
  flush(): Promise<void>
  stats(): WriterStats
  /** Flushes, and ends. */
  close(): Promise<void>
}

/** A producer that can be left. */
export interface AbandonableProducer<T> extends Producer<T> {
  /** Ends at once. What it holds is forgotten, and nobody is told. */
  abandon(): void
}

/**
 * A producer of its own, outside of any topology: what the Kinesis Producer Library does, without its process, and with back-pressure.
 *
 * @example
 * ```ts
 * await using producer = createProducer({ stream: 'clicks', encode: json({ page: string() }) })
 * await producer.put({ page: '/' }, { partitionKey: 'user-1' })
 * ```
 */
export function createProducer<T = Uint8Array>(options: ProducerOptions<T>): Producer<T> {
  return openProducer(options)
}

/**
 * {@link createProducer}, for those who have another place for records that wait too long.
 *
 * @param onExpired if given, all that wait fail once one does for its time; called before they are told
 */
export function openProducer<T>(options: ProducerOptions<T>, onExpired?: () => void): AbandonableProducer<T> {
  const {
    writer: writerOptions,
    client: clientOptions,
    maxRecordBytes,
  } = resolveWriteOptions(options, 'createProducer')
  const ttlMs = durationMs(options.recordTtl ?? '30s', 'createProducer: `recordTtl`')
  if (ttlMs <= writerOptions.lingerMs)
    throw badOption(
      `createProducer: \`recordTtl\` is ${ttlMs} ms; give more than \`linger\`, for which each record waits (${writerOptions.lingerMs} ms)`,
    )
  const client = createWriteClient(clientOptions, writerOptions.maxInFlight)
  const writer = new RecordWriter({ ...writerOptions, client, ttlMs, onExpired })
  const keys = new RecordKeys(options.stream)
  const records = options.encode && new RecordBytes(options.encode.encoder())
  // without shards records are put all the same, all to one lane
  writer.open().catch(() => undefined)
  /** Puts that wait for room, one after the other. */
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()
  let closing: Promise<void> | undefined
  let hasEnded = false

  function add(key: RecordKey, data: RecordData, addedAt?: number): Promise<PutResult> {
    return new Promise((done, failed) => writer.add(key, data, { done, failed }, performance.now(), addedAt))
  }

  function keyOf(partitionKey: string | undefined, explicitHashKey: string | bigint | undefined): RecordKey {
    if (explicitHashKey !== undefined) return keys.of(partitionKey ?? randomKey(), String(explicitHashKey))
    return partitionKey === undefined ? keys.random() : keys.of(partitionKey)
  }

  function dataOf(record: T): RecordData {
    if (records !== undefined) return records.of(record)
    if (types.isUint8Array(record)) return { slab: bufferOf(record), start: 0, end: record.length }
    throw new MillraceError(
      'BAD_RECORD',
      `stream ${options.stream}: a record is no bytes; give createProducer \`encode\``,
    )
  }

  async function put(record: T, { partitionKey, explicitHashKey }: PutOptions = {}): Promise<PutResult> {
    if (closing !== undefined) throw new Error(`the producer of stream ${options.stream} is closed`)
    const data = dataOf(record)
    const key = keyOf(partitionKey, explicitHashKey)
    checkSize(options.stream, data.end - data.start + key.bytes, maxRecordBytes)
    // one that waits is overtaken by none
    if (waiting === 0 && writer.hasRoom) return add(key, data)
    waiting++
    const addedAt = performance.now()
    // added in the very call that finds room: whoever waits for the same meets a full buffer again
    const added = last
      .then(() => writer.room())
      .then(() => {
        waiting--
        return { result: add(key, data, addedAt) }
      })
    last = added
    const { result } = await added
    return result
  }

  async function flush(): Promise<void> {
    // nothing is added any more
    if (hasEnded) return
    // those that wait for room are added before
    await last
    await writer.flush()
  }

  async function end(): Promise<void> {
    await flush()
    hasEnded = true
    abandon()
  }

  function abandon(): void {
    writer.close()
    client.destroy()
  }

  const close = (): Promise<void> => (closing ??= end())

  return {
    put: (record, putOptions) => {
      const result = put(record, putOptions)
      // who does not listen is told by stats
      result.catch(() => undefined)
      return result
    },
    ready: () => last.then(() => writer.room()),
    get hasRoom() {
      return waiting === 0 && writer.hasRoom
    },
    flush,
    stats: () => writer.stats(),
    close,
    abandon,
    [Symbol.asyncDispose]: close,
  }
}
