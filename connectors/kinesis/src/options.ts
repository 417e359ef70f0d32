import { badOption, type Codec, type Duration, durationMs, positiveMs } from '@millrace/core'
import { checkClientOptions, isStream, type KinesisClientOptions } from './client/client-options.ts'
import type { PollRate } from './reading/poll-pace.ts'

/** A stream, and how it is reached where that differs from the others. */
export interface StreamPlace extends KinesisClientOptions {
  /** Name or ARN. */
  readonly stream: string
}

/** Where a shard begins that was there when the job started; shards that come later begin at their start. */
export type StartAt =
  /** At the oldest record that there is: `TRIM_HORIZON`. */
  | 'earliest'
  /** At the moment when the job started; it is decided once. */
  | 'latest'
  /** At the first record that arrived then or later: `AT_TIMESTAMP`. A number is in ms since 1970, a text in ISO 8601. */
  | { readonly timestamp: Date | number | string }
  /** Behind a record, by id of the shard; other shards at their oldest record. What KCL has as a checkpoint. Of one stream alone. */
  | { readonly after: Readonly<Record<string, string>> }

/** Options of {@link kinesis}. */
export interface KinesisOptions<T> extends KinesisClientOptions {
  /** Name or ARN of a stream, or several. Two of one name (of other regions or accounts) are given as ARNs. */
  readonly stream: string | StreamPlace | readonly (string | StreamPlace)[]
  /** What the data of a record are. */
  readonly decode: Codec<T>
  /** @default 'earliest' */
  readonly startAt?: StartAt
  /**
   * Enhanced fan-out: a throughput of its own, pushed, for a consumer of this name, which is registered if it is not. It costs as long as it is
   * registered; `millrace release` ends that.
   *
   * @default polling
   */
  readonly fanOut?: { readonly consumer: string }
  /** Take aggregates of the Kinesis Producer Library apart. What is none, is handed on as it is. @default true */
  readonly aggregated?: boolean
  /** How often a shard is asked that has nothing new; not more often than `rate.callsPerSecond`. @default '1s' */
  readonly pollEvery?: Duration
  /** What a shard may be asked for; less, where others read it, too. @default { callsPerSecond: 5, bytesPerSecond: 2097152 } */
  readonly rate?: { readonly callsPerSecond?: number; readonly bytesPerSecond?: number }
  /**
   * The topology relies on records of a partition key being in one shard, in their order. A stream that distributes records by itself
   * (`RecordDistributionStrategy: AUTO`) is refused then; else its records are read, without keys.
   *
   * @default false
   */
  readonly orderedByKey?: boolean
  /** How often shards are listed; children are known from the end of their parents besides. @default '1m' */
  readonly discoverEvery?: Duration
  /** What records do that the stream has dropped before they were read: a dead letter that says so, or the end of the job. @default 'report' */
  readonly onDataLoss?: 'report' | 'fail'
}

/** {@link KinesisOptions} with defaults filled in. */
export interface ResolvedKinesisOptions {
  readonly places: readonly StreamPlace[]
  readonly startAt:
    | 'earliest'
    | 'latest'
    | { readonly at: number }
    | { readonly after: Readonly<Record<string, string>> }
  readonly consumer: string | undefined
  readonly isAggregated: boolean
  readonly rate: PollRate
  readonly discoverEveryMs: number
  readonly isOrderedByKey: boolean
  readonly onDataLoss: 'report' | 'fail'
}

/** Checks {@link KinesisOptions} and fills in defaults. */
export function resolveKinesisOptions<T>(options: KinesisOptions<T>): ResolvedKinesisOptions {
  const { stream, fanOut, aggregated = true, onDataLoss = 'report' } = options
  const given: readonly (string | StreamPlace)[] = Array.isArray(stream) ? stream : [stream as string | StreamPlace]
  const { region, endpoint, credentials, role } = options
  const common = {
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
    ...(role !== undefined && { role }),
  }
  const places = given.map((each) => ({ ...common, ...(typeof each === 'string' ? { stream: each } : each) }))
  checkPlaces(places)
  if (fanOut !== undefined && !/^[a-zA-Z0-9_.-]{1,128}$/.test(fanOut.consumer ?? ''))
    throw badOption(`kinesis: \`fanOut.consumer\` is '${fanOut.consumer}'; give 1 to 128 of a-z, A-Z, 0-9, _ . -`)
  if (onDataLoss !== 'report' && onDataLoss !== 'fail')
    throw badOption(`kinesis: \`onDataLoss\` is '${String(onDataLoss)}'; give 'report' or 'fail'`)
  return {
    places,
    startAt: resolveStart(options.startAt ?? 'earliest', places.length),
    consumer: fanOut?.consumer,
    isAggregated: aggregated,
    rate: {
      callsPerSecond: positive(options.rate?.callsPerSecond ?? 5, 'rate.callsPerSecond'),
      bytesPerSecond: positive(options.rate?.bytesPerSecond ?? 2_097_152, 'rate.bytesPerSecond'),
      idleMs: durationMs(options.pollEvery ?? '1s', 'kinesis: `pollEvery`'),
    },
    discoverEveryMs: positiveMs(options.discoverEvery ?? '1m', 'kinesis: `discoverEvery`'),
    isOrderedByKey: options.orderedByKey ?? false,
    onDataLoss,
  }
}

function checkPlaces(places: readonly StreamPlace[]): void {
  if (places.length === 0) throw badOption('kinesis: `stream` is empty; give the name or ARN of a stream')
  const names = new Set<string>()
  for (const place of places) {
    if (!isStream(place.stream))
      throw badOption(`kinesis: \`stream\` is '${String(place.stream)}'; give the name or ARN of a stream`)
    if (names.has(place.stream))
      throw badOption(`kinesis: \`stream\` has ${place.stream} twice; give ARNs of streams that have one name`)
    names.add(place.stream)
    checkClientOptions(place, 'kinesis')
  }
}

function resolveStart(startAt: StartAt, streams: number): ResolvedKinesisOptions['startAt'] {
  if (startAt === 'earliest' || startAt === 'latest') return startAt
  if (typeof startAt !== 'object')
    throw badOption(
      `kinesis: \`startAt\` is '${String(startAt)}'; give 'earliest', 'latest', { timestamp } or { after }`,
    )
  if ('after' in startAt) {
    if (streams > 1)
      throw badOption(
        'kinesis: `startAt.after` names shards, whose names are in each of several streams; give each stream a source',
      )
    for (const [shard, number] of Object.entries(startAt.after))
      if (!/^\d{1,129}$/.test(number))
        throw badOption(`kinesis: \`startAt.after\` has '${number}' for ${shard}; give a sequence number as text`)
    return startAt
  }
  const { timestamp } = startAt
  const at = typeof timestamp === 'number' ? timestamp : new Date(timestamp).getTime()
  if (!Number.isFinite(at) || at < 0)
    throw badOption(`kinesis: \`startAt.timestamp\` is '${String(timestamp)}'; give a Date, ms since 1970 or ISO 8601`)
  return { at }
}

function positive(value: number, field: string): number {
  if (typeof value === 'number' && value > 0) return value
  throw badOption(`kinesis: \`${field}\` is ${String(value)}; give a number above 0`)
}
