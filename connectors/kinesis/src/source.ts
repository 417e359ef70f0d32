import { DescribeStreamSummaryCommand, type KinesisClient, type Shard } from '@aws-sdk/client-kinesis'
import {
  MillraceError,
  type Partition,
  type PartitionList,
  type Position,
  type Reader,
  type Source,
  type SourceContext,
} from '@millrace/core'
import { kinesisError, nameOf } from './client/error-class.ts'
import { listShards } from './client/list-shards.ts'
import { SharedClients } from './client/shared-clients.ts'
import { type KinesisOptions, resolveKinesisOptions, type ResolvedKinesisOptions, type StreamPlace } from './options.ts'
import { FanOutConsumer } from './reading/fan-out-consumer.ts'
import { FanOutReader } from './reading/fan-out-reader.ts'
import type { KinesisMeta } from './reading/kinesis-meta.ts'
import { PollReader } from './reading/poll-reader.ts'
import { afterRecord, atTime, comparePositions, earliest } from './reading/position.ts'
import {
  parsePartitionId,
  partitionId,
  referenceOf,
  type StreamInstance,
  type StreamState,
} from './reading/stream-instance.ts'
import type { ShardOptions } from './reading/shard-cursor.ts'
import { wait } from './reading/wait.ts'

/**
 * Reads Kinesis data streams: each shard is a partition, in order, and children of a split or merge begin when their parents are read to their
 * end. Polling, or enhanced fan-out with `fanOut`.
 *
 * A position is a sequence number, and within an aggregate the index of the member. Throttled and broken calls are tried again; records that the
 * stream has dropped unread are reported as a dead letter.
 *
 * @example
 * ```ts
 * from(kinesis({ stream: 'clicks', decode: json({ page: string(), at: int() }) }), { eventTime: 'at', outOfOrderness: '5s' })
 * ```
 */
export function kinesis<T>(
  options: KinesisOptions<T>,
): Source<T, KinesisMeta> & Required<Pick<Source<T>, 'resolveAt'>> {
  const resolved = resolveKinesisOptions(options)
  const source = new KinesisSource(resolved)
  return {
    kind: 'kinesis',
    description: describe(resolved),
    codec: options.decode,
    partitions: (context) => source.partitions(context),
    resolve: async (partition, context) => source.start(partition, context),
    resolveAt: async (_partition, at) => atTime(at),
    open: (partition, position, context) => source.open(partition, position, context),
    compare: comparePositions,
    ...(resolved.consumer !== undefined && { release: () => source.release() }),
  }
}

const hourMs = 3_600_000

class KinesisSource {
  readonly #options: ResolvedKinesisOptions
  readonly #clients: ReadonlyMap<string, SharedClients>
  readonly #seen = new Map<string, StreamInstance>()
  readonly #consumers = new Map<string, FanOutConsumer>()
  readonly #asked = new Map<string, { readonly at: number; readonly state: Promise<StreamState | undefined> }>()

  constructor(options: ResolvedKinesisOptions) {
    this.#options = options
    this.#clients = new Map(options.places.map((place) => [place.stream, new SharedClients(place)]))
  }

  async *partitions({ signal }: SourceContext): AsyncGenerator<PartitionList> {
    let last: string | undefined
    while (!signal.aborted) {
      const lists = await Promise.all(this.#options.places.map((place) => this.#list(place, signal)))
      const partitions = lists.flat()
      const ids = partitions.map(({ id }) => id).join()
      if (ids !== last) yield { partitions, final: false }
      last = ids
      await wait(this.#options.discoverEveryMs, signal)
    }
  }

  start({ id }: Partition, { isResumed = false, beganAt, clock }: SourceContext): Position {
    const { startAt } = this.#options
    if (isResumed || startAt === 'earliest') return earliest
    if (startAt === 'latest') return atTime(beganAt ?? clock.now())
    if ('at' in startAt) return atTime(startAt.at)
    const after = startAt.after[parsePartitionId(id).shardId]
    return after === undefined ? earliest : afterRecord(after)
  }

  async open<T>(
    { id }: Partition,
    position: Position,
    { clock, signal }: SourceContext,
  ): Promise<Reader<T, KinesisMeta>> {
    const { stream, shardId } = parsePartitionId(id)
    const { isAggregated, onDataLoss, rate, consumer } = this.#options
    const name = { partition: id, stream: stream.name, shardId }
    const clients = this.#clientsOf(stream.name)
    const describe = (maxAgeMs: number): Promise<StreamState | undefined> =>
      this.#describe(clients.client, stream, maxAgeMs, signal)
    const options: ShardOptions = { name, stream, position, clock, signal, isAggregated, describe, onDataLoss }
    if (consumer === undefined) return new PollReader(clients.client, options, rate)
    return new FanOutReader(clients, this.#consumerOf(clients.client, stream, consumer), options)
  }

  /** Removes the consumers that the job has registered: AWS charges for each as long as it is there. */
  async release(): Promise<string[]> {
    const { consumer = '', places } = this.#options
    const released: string[] = []
    for (const place of places) {
      const clients = new SharedClients(place)
      const stream = { name: place.stream, createdAt: 0, reference: referenceOf(place.stream) }
      try {
        const isRemoved = await new FanOutConsumer(clients.client, stream, consumer).remove()
        if (isRemoved) released.push(`consumer ${consumer} of stream ${place.stream}`)
      } finally {
        clients.close()
      }
    }
    return released
  }

  /** Asked once for all shards of a stream. Undefined where another one has its name, or none. */
  async #describe(
    client: KinesisClient,
    { name, createdAt }: StreamInstance,
    maxAgeMs: number,
    signal: AbortSignal,
  ): Promise<StreamState | undefined> {
    const now = performance.now()
    let asked = this.#asked.get(name)
    if (asked === undefined || now - asked.at > maxAgeMs) {
      const state = this.#stateOf(client, name, signal).catch((error: unknown) => {
        this.#asked.delete(name)
        if (nameOf(error) === 'ResourceNotFoundException') return undefined
        throw error
      })
      asked = { at: now, state }
      this.#asked.set(name, asked)
    }
    const state = await asked.state
    return state?.stream.createdAt === createdAt ? state : undefined
  }

  #clientsOf(stream: string): SharedClients {
    const clients = this.#clients.get(stream)
    if (clients === undefined) throw new MillraceError('SOURCE', `stream ${stream} is none of this source any more`)
    return clients
  }

  #consumerOf(client: KinesisClient, stream: StreamInstance, name: string): FanOutConsumer {
    const key = `${stream.name}/${stream.createdAt}`
    const consumer = this.#consumers.get(key) ?? new FanOutConsumer(client, stream, name)
    this.#consumers.set(key, consumer)
    return consumer
  }

  async #list({ stream: name }: StreamPlace, signal: AbortSignal): Promise<Partition[]> {
    const { client } = this.#clientsOf(name)
    const known = this.#seen.get(name)
    try {
      const { stream } = await this.#stateOf(client, name, signal)
      const shards = await listShards(client, stream.reference, { signal })
      this.#seen.set(name, stream)
      return shards.map((shard) => partitionOf(stream, shard))
    } catch (error) {
      // a stream that was deleted has no shards; it may be created again. One that was never there is a mistake
      if (known !== undefined && nameOf(error) === 'ResourceNotFoundException') return []
      if (error instanceof MillraceError) throw error
      throw kinesisError('SOURCE', error, { operation: 'ListShards', stream: name })
    }
  }

  async #stateOf(client: KinesisClient, name: string, signal: AbortSignal): Promise<StreamState> {
    const reference = referenceOf(name)
    const command = new DescribeStreamSummaryCommand(reference)
    const { StreamDescriptionSummary: summary } = await client.send(command, { abortSignal: signal })
    if (this.#options.isOrderedByKey && summary?.RecordDistributionStrategy === 'AUTO')
      throw new MillraceError(
        'BAD_OPTION',
        `kinesis: \`orderedByKey\`: stream ${name} distributes records by itself (RecordDistributionStrategy AUTO): those of a key are in all shards`,
      )
    const stream = { name, reference, createdAt: summary?.StreamCreationTimestamp?.getTime() ?? 0 }
    return { stream, retentionMs: (summary?.RetentionPeriodHours ?? 24) * hourMs }
  }
}

function partitionOf(stream: StreamInstance, shard: Shard): Partition {
  const { ShardId = '', ParentShardId, AdjacentParentShardId, HashKeyRange } = shard
  const parents = [ParentShardId, AdjacentParentShardId].filter((parent) => parent !== undefined)
  const { StartingHashKey: from, EndingHashKey: to } = HashKeyRange ?? {}
  return {
    id: partitionId(stream, ShardId),
    parents: parents.map((parent) => partitionId(stream, parent)),
    ...(from !== undefined && to !== undefined && { keyRange: { from, to } }),
  }
}

function describe({ places, startAt, consumer, isAggregated }: ResolvedKinesisOptions): string {
  const extras = [
    consumer !== undefined && `fan-out ${consumer}`,
    startAt === 'latest' && 'from the latest',
    typeof startAt === 'object' && ('at' in startAt ? `from ${new Date(startAt.at).toISOString()}` : 'from numbers'),
    !isAggregated && 'not taken apart',
  ].filter(Boolean)
  return `kinesis(${[places.map(({ stream }) => stream).join(', '), ...extras].join('; ')})`
}
