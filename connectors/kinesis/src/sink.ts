import {
  badOption,
  MillraceError,
  type Prepared,
  type RefusedOutput,
  type Sink,
  type SinkBatch,
  type SinkContext,
  type SinkWriter,
} from '@millrace/core'
import { kinesisError } from './client/error-class.ts'
import { createWriteClient } from './client/create-client.ts'
import {
  type KinesisSinkOptions,
  type PartitionKey,
  type ResolvedWriteOptions,
  resolveWriteOptions,
} from './sink-options.ts'
import { checkSize } from './writing/check-size.ts'
import type { Failed } from './writing/entry.ts'
import { RecordBytes } from './writing/record-bytes.ts'
import { type RecordKey, RecordKeys } from './writing/record-key.ts'
import { RecordWriter } from './writing/record-writer.ts'

/**
 * Writes to a Kinesis data stream, at least once: after a crash, records since the last checkpoint are put again. Give them an id
 * (`writeId`) and `dedupe` where they are read, and each counts once.
 *
 * Records are collected into requests of 500; those that are refused are put again until they are taken, while the topology waits.
 *
 * @example
 * ```ts
 * alerts.to(kinesisSink({ stream: 'alerts', encode: json(), partitionKey: 'card' }))
 * ```
 */
export function kinesisSink<T>(options: KinesisSinkOptions<T>): Sink<T> {
  const resolved = resolveWriteOptions(options, 'kinesisSink')
  const { partitionKey = 'random', explicitHashKey } = options
  if (explicitHashKey !== undefined && typeof explicitHashKey !== 'function')
    throw badOption('kinesisSink: `explicitHashKey` is no function')
  const keys = new RecordKeys(options.stream)
  const keyOf = compileKey(partitionKey, keys)
  return {
    kind: 'kinesis',
    guarantee: 'at-least-once',
    description: describe(options),
    open: async (context) => {
      const client = createWriteClient(resolved.client, resolved.writer.maxInFlight)
      const writer = new RecordWriter({ ...resolved.writer, client, ttlMs: Infinity })
      try {
        await writer.open()
      } catch (error) {
        client.destroy()
        throw kinesisError('SINK', error, { operation: 'ListShards', stream: options.stream })
      }
      const records = new RecordBytes(options.encode.encoder())
      return new KinesisSinkWriter({
        resolved,
        writer,
        context,
        records,
        keys,
        keyOf,
        explicitHashKey,
        close: () => client.destroy(),
      })
    },
  }
}

interface WriterParts<T> {
  readonly resolved: ResolvedWriteOptions
  readonly writer: RecordWriter
  readonly context: SinkContext
  readonly records: RecordBytes<T>
  readonly keys: RecordKeys
  readonly keyOf: (value: T) => RecordKey
  readonly explicitHashKey: KinesisSinkOptions<T>['explicitHashKey']
  readonly close: () => void
}

/** Without any progress for so long, the job is told. */
const patienceMs = 20_000

class KinesisSinkWriter<T> implements SinkWriter<T> {
  readonly #parts: WriterParts<T>
  /** Row of a batch that waits for room; the call is repeated with the same batch then. */
  #next = 0
  /** What the service would not take, to be told. */
  #refused: RefusedOutput[] = []
  readonly #failed: Failed = (error, value, time) => void this.#refused.push({ value, time, error })

  constructor(parts: WriterParts<T>) {
    this.#parts = parts
  }

  async write({ length, values, times }: SinkBatch<T>): Promise<void> {
    const { writer, context } = this.#parts
    this.#refuse()
    let now = performance.now()
    for (; this.#next < length; this.#next++) {
      if (!writer.hasRoom) {
        await this.#progress(writer.room())
        now = performance.now()
      }
      const value = values[this.#next] as T
      try {
        this.#add(value, times[this.#next] ?? 0, now)
      } catch (error) {
        context.refuse({ value, time: times[this.#next] ?? 0, error })
      }
    }
    this.#next = 0
  }

  async prepare(): Promise<Prepared> {
    await this.#progress(this.#parts.writer.flush())
    this.#refuse()
    return { handles: [] }
  }

  async commit(): Promise<[]> {
    return []
  }

  async abort(): Promise<void> {}

  async close(): Promise<void> {
    this.#parts.writer.close()
    this.#parts.close()
  }

  #refuse(): void {
    for (let next = this.#refused.shift(); next !== undefined; next = this.#refused.shift())
      this.#parts.context.refuse(next)
  }

  #add(value: T, time: number, now: number): void {
    const { records, keys, keyOf, explicitHashKey, resolved, writer } = this.#parts
    const data = records.of(value)
    const key =
      explicitHashKey === undefined ? keyOf(value) : keys.of(keyOf(value).partitionKey, String(explicitHashKey(value)))
    checkSize(resolved.writer.stream, data.end - data.start + key.bytes, resolved.maxRecordBytes)
    writer.add(key, data, { failed: this.#failed, value, time }, now)
  }

  /** Rejects when nothing at all was put for a while: it is called again, and somebody has read why. */
  async #progress(done: Promise<void>): Promise<void> {
    const { writer, resolved, context } = this.#parts
    for (;;) {
      const before = writer.stats().records
      const isDone = await within(done, patienceMs, context.signal)
      if (isDone) return
      const { records: put, lastError, bufferedRecords } = writer.stats()
      if (context.signal.aborted || put === before)
        throw new MillraceError(
          'SINK',
          `PutRecords of stream ${resolved.writer.stream}: ${bufferedRecords} records wait, none was taken for ${patienceMs / 1000} s: ${lastError?.code ?? 'no answer'}: ${lastError?.message ?? ''}; they are put until they are taken`,
          { retryable: true },
        )
    }
  }
}

async function within(promise: Promise<void>, ms: number, signal: AbortSignal): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  let abort: (() => void) | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
    abort = () => resolve(false)
    if (signal.aborted) resolve(false)
    else signal.addEventListener('abort', abort, { once: true })
  })
  try {
    return await Promise.race([promise.then(() => true), late])
  } finally {
    clearTimeout(timer)
    if (abort) signal.removeEventListener('abort', abort)
  }
}

function compileKey<T>(partitionKey: PartitionKey<T>, keys: RecordKeys): (value: T) => RecordKey {
  if (partitionKey === 'random') return () => keys.random()
  if (typeof partitionKey === 'function') return (value) => keys.of(partitionKey(value))
  if (typeof partitionKey !== 'string')
    throw badOption("kinesisSink: `partitionKey` is neither a field, a function nor 'random'")
  return (value) => {
    const key: unknown = value[partitionKey]
    return keys.of(typeof key === 'number' || typeof key === 'bigint' ? String(key) : key)
  }
}

function describe<T>({ stream, partitionKey = 'random', aggregate, order }: KinesisSinkOptions<T>): string {
  const by = typeof partitionKey === 'function' ? 'by a function' : `by ${partitionKey}`
  const extras = [
    by,
    aggregate !== undefined && aggregate !== false && 'aggregated',
    order === 'key' && 'in order',
  ].filter(Boolean)
  return `kinesisSink(${[stream, ...extras].join('; ')})`
}
