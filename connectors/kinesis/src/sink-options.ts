import { badOption, type Codec, type Duration, durationMs, type Size, sizeBytes } from '@millrace/core'
import { checkClientOptions, isStream, type KinesisClientOptions } from './client/client-options.ts'
import { type HotShard, warner } from './writing/hot-shards.ts'
import type { LaneOptions } from './writing/lane.ts'
import type { RecordWriterOptions } from './writing/record-writer.ts'

/** How records are put; the same for a sink and a producer. Defaults are those of the Kinesis Producer Library. */
export interface WriteOptions extends KinesisClientOptions {
  /** Name or ARN. */
  readonly stream: string
  /** Put records together in the format of the Kinesis Producer Library; who reads must take them apart. @default false */
  readonly aggregate?: boolean | { readonly maxBytes?: Size; readonly maxCount?: number }
  /**
   * `key`: records of one partition key are put in the order in which they were given, also when some are refused: the later ones wait.
   * One record of a key is under way at a time, so few keys with many records need `aggregate`: then it is one aggregate of a shard.
   *
   * @default 'none'
   */
  readonly order?: 'none' | 'key'
  /** How long a record waits for others. @default '100ms' */
  readonly linger?: Duration
  /** Records of one request at most. @default 500 */
  readonly maxRecords?: number
  /** Of one request, keys included, before base64. @default '5MiB' */
  readonly maxRequestBytes?: Size
  /** What may wait, with 256 bytes for each record beside its own; then whoever writes waits. @default '16MiB' */
  readonly maxBufferedBytes?: Size
  /** Requests at a time. @default 8 */
  readonly maxInFlight?: number
  /** Largest record, with its key: what the stream allows. @default '1MiB' */
  readonly maxRecordBytes?: Size
  /** How much of a shard's limits (1,000 records and 1 MiB a second) is put at most, in percent; above 100, as others may put less. @default 150 */
  readonly rateLimit?: number
  /**
   * Is told every ten seconds of each shard that takes far more than the others and holds records up.
   *
   * @default a warning of the process (`HotShardWarning`), for each shard once in ten minutes
   */
  readonly onHotShard?: (hot: HotShard) => void | Promise<void>
}

/** {@link WriteOptions} with defaults filled in. */
export interface ResolvedWriteOptions {
  readonly writer: Omit<RecordWriterOptions, 'client' | 'ttlMs'>
  readonly client: KinesisClientOptions
  readonly maxRecordBytes: number
}

/** What a record is put under. */
export type PartitionKey<T> =
  /** Name of a field that is a text or a number. */
  | (keyof T & string)
  /** From the record; at most 256 characters. */
  | ((value: T) => string)
  /** Another one for each record: they spread evenly, in no order. */
  | 'random'

/** Options of {@link kinesisSink}. */
export interface KinesisSinkOptions<T> extends WriteOptions {
  readonly encode: Codec<T>
  /** @default 'random' */
  readonly partitionKey?: PartitionKey<T>
  /** Where among the hash keys a record goes, from 0 to 2^128 − 1, in place of the MD5 of its key. */
  readonly explicitHashKey?: (value: T) => string | bigint
}

const mostRecords = 500
const mostRequestBytes = 10 * 1024 * 1024
const shardRecords = 1_000
const shardBytes = 1_048_576

/** Checks {@link WriteOptions} and fills in defaults. */
export function resolveWriteOptions(options: WriteOptions, what: string): ResolvedWriteOptions {
  const { stream, order = 'none', rateLimit = 150, onHotShard = warner() } = options
  checkClientOptions(options, what)
  if (!isStream(stream)) throw badOption(`${what}: \`stream\` is '${String(stream)}'; give the name or ARN of a stream`)
  if (order !== 'none' && order !== 'key')
    throw badOption(`${what}: \`order\` is '${String(order)}'; give 'none' or 'key'`)
  if (!(rateLimit > 0)) throw badOption(`${what}: \`rateLimit\` is ${String(rateLimit)}; give percents above 0`)
  if (typeof onHotShard !== 'function') throw badOption(`${what}: \`onHotShard\` is no function`)
  const size = (value: Size | undefined, otherwise: Size, field: string, most = mostRequestBytes): number => {
    const bytes = sizeBytes(value ?? otherwise, `${what}: \`${field}\``)
    if (bytes >= 1 && bytes <= most) return bytes
    throw badOption(`${what}: \`${field}\` is ${bytes} bytes; give 1 to ${most}`)
  }
  const count = (value: number | undefined, otherwise: number, field: string, most: number): number => {
    const given = value ?? otherwise
    if (Number.isInteger(given) && given >= 1 && given <= most) return given
    throw badOption(`${what}: \`${field}\` is ${String(given)}; give a whole number from 1 to ${most}`)
  }
  const aggregate = aggregateOptions(options.aggregate, what)
  const maxRecordBytes = size(options.maxRecordBytes, '1MiB', 'maxRecordBytes')
  const lane: LaneOptions = {
    recordsPerSecond: (shardRecords * rateLimit) / 100,
    bytesPerSecond: (shardBytes * rateLimit) / 100,
    aggregateBytes:
      aggregate && size(aggregate.maxBytes, Math.min(51_200, maxRecordBytes), 'aggregate.maxBytes', maxRecordBytes),
    aggregateCount: count(aggregate?.maxCount, 2 ** 32 - 1, 'aggregate.maxCount', 2 ** 32 - 1),
    keepsOrder: order === 'key',
  }
  return {
    writer: {
      stream,
      lane,
      onHotShard,
      lingerMs: durationMs(options.linger ?? '100ms', `${what}: \`linger\``),
      maxRecords: count(options.maxRecords, mostRecords, 'maxRecords', mostRecords),
      maxRequestBytes: size(options.maxRequestBytes, '5MiB', 'maxRequestBytes'),
      maxInFlight: count(options.maxInFlight, 8, 'maxInFlight', 1_000),
      maxBufferedBytes: size(options.maxBufferedBytes, '16MiB', 'maxBufferedBytes', 2 ** 40),
    },
    client: clientOf(options),
    maxRecordBytes,
  }
}

function aggregateOptions(aggregate: unknown, what: string): Exclude<WriteOptions['aggregate'], boolean> {
  if (aggregate === undefined || aggregate === false) return undefined
  if (aggregate === true) return {}
  if (typeof aggregate === 'object' && aggregate !== null && !Array.isArray(aggregate)) return aggregate
  throw badOption(`${what}: \`aggregate\` is neither true, false nor { maxBytes, maxCount }`)
}

function clientOf({ region, endpoint, credentials, role }: KinesisClientOptions): KinesisClientOptions {
  return {
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
    ...(role !== undefined && { role }),
  }
}
