import { getRecords, getShardIterator } from './get-operations.ts'
import { listShards } from './list-operations.ts'
import type { OperationContext } from './operation-context.ts'
import { putRecord, putRecords } from './put-operations.ts'
import { badArgument, invalid, notFound, ServiceError } from './service-error.ts'
import { consumerShape, shapeOf, summaryOf } from './shapes.ts'
import type { StoredConsumer } from './stored-consumers.ts'
import type { StoredStream } from './stored-stream.ts'
import type { StoredStreams, StreamReference } from './stored-streams.ts'

/** Answers the JSON of a request with JSON. */
type Operation = (input: never, context: OperationContext) => string

const operations: Readonly<Record<string, Operation>> = {
  CreateStream: ({ StreamName = '', ShardCount = 4, StreamModeDetails }: CreateInput, { streams }) => {
    streams.create(StreamName, ShardCount, StreamModeDetails?.StreamMode)
    return '{}'
  },
  DeleteStream: (input: StreamReference, { streams }) => {
    streams.delete(streams.of(input))
    return '{}'
  },
  ListStreams: (_input: object, { streams }) =>
    JSON.stringify({
      HasMoreStreams: false,
      StreamNames: streams.names,
      StreamSummaries: streams.names.map((name) => {
        const { arn, createdAt, status } = streams.named(name)
        return { StreamName: name, StreamARN: arn, StreamStatus: status, StreamCreationTimestamp: createdAt / 1000 }
      }),
    }),
  DescribeStream: (input: StreamReference & { readonly ExclusiveStartShardId?: string }, { streams }) => {
    const stream = streams.of(input)
    const shards = [...stream.shards.values()].filter(({ id }) => id > (input.ExclusiveStartShardId ?? ''))
    const { OpenShardCount: _open, ConsumerCount: _consumers, ...summary } = summaryOf(stream)
    return JSON.stringify({
      StreamDescription: { ...summary, HasMoreShards: shards.length > 100, Shards: shards.slice(0, 100).map(shapeOf) },
    })
  },
  DescribeStreamSummary: (input: StreamReference, { streams }) =>
    JSON.stringify({ StreamDescriptionSummary: summaryOf(streams.of(input)) }),
  ListShards: listShards,
  PutRecord: putRecord,
  PutRecords: putRecords,
  GetShardIterator: getShardIterator,
  GetRecords: getRecords,
  SplitShard: (
    input: StreamReference & { readonly ShardToSplit?: string; readonly NewStartingHashKey?: string },
    { streams },
  ) => {
    const { ShardToSplit = '', NewStartingHashKey = '' } = input
    if (!/^(0|[1-9]\d{0,38})$/.test(NewStartingHashKey))
      throw invalid(
        `Value '${NewStartingHashKey}' at 'newStartingHashKey' failed to satisfy constraint: 0|([1-9]\\d{0,38})`,
      )
    streams.of(input).split(ShardToSplit, BigInt(NewStartingHashKey))
    return '{}'
  },
  MergeShards: (
    input: StreamReference & { readonly ShardToMerge?: string; readonly AdjacentShardToMerge?: string },
    { streams },
  ) => {
    streams.of(input).merge(input.ShardToMerge ?? '', input.AdjacentShardToMerge ?? '')
    return '{}'
  },
  UpdateShardCount: (input: StreamReference & { readonly TargetShardCount?: number }, { streams }) => {
    const stream = streams.of(input)
    const before = stream.open.length
    stream.scale(input.TargetShardCount ?? 0)
    return JSON.stringify({
      StreamName: stream.name,
      StreamARN: stream.arn,
      CurrentShardCount: before,
      TargetShardCount: input.TargetShardCount,
    })
  },
  IncreaseStreamRetentionPeriod: (input: RetentionInput, context) => setRetention(input, context),
  DecreaseStreamRetentionPeriod: (input: RetentionInput, context) => setRetention(input, context),
  UpdateMaxRecordSize: (input: StreamReference & { readonly MaxRecordSizeInKiB?: number }, { streams }) => {
    const { MaxRecordSizeInKiB: size = 0 } = input
    if (size < 1024 || size > 10_240) throw invalid(`Value '${size}' at 'maxRecordSizeInKiB' is not 1024 to 10240`)
    streams.of(input).maxRecordBytes = size * 1024
    return '{}'
  },
  UpdateStreamMode: (
    input: StreamReference & { readonly StreamModeDetails?: { readonly StreamMode: string } },
    { streams },
  ) => {
    streams.of(input).mode = input.StreamModeDetails?.StreamMode ?? 'PROVISIONED'
    return '{}'
  },
  UpdateStreamRecordDistributionStrategy: (
    input: StreamReference & { readonly RecordDistributionStrategy?: string },
    { streams },
  ) => {
    streams.of(input).distribution = input.RecordDistributionStrategy ?? ''
    return '{}'
  },
  StartStreamEncryption: (input: StreamReference & { readonly KeyId?: string }, { streams }) => {
    streams.of(input).encryption = { type: 'KMS', keyId: input.KeyId }
    return '{}'
  },
  StopStreamEncryption: (input: StreamReference, { streams }) => {
    streams.of(input).encryption = { type: 'NONE' }
    return '{}'
  },
  AddTagsToStream: (input: StreamReference & { readonly Tags?: Readonly<Record<string, string>> }, { streams }) => {
    const { tags } = streams.of(input)
    for (const [name, value] of Object.entries(input.Tags ?? {})) tags.set(name, value)
    return '{}'
  },
  ListTagsForStream: (input: StreamReference, { streams }) => {
    const tags = [...streams.of(input).tags].map(([Key, Value]) => ({ Key, Value }))
    return JSON.stringify({ Tags: tags, HasMoreTags: false })
  },
  RegisterStreamConsumer: ({ StreamARN = '', ConsumerName = '' }: ConsumerInput, { streams }) => {
    const consumer = streams.of({ StreamARN }).register(ConsumerName)
    return JSON.stringify({ Consumer: consumerShape(consumer) })
  },
  DescribeStreamConsumer: (input: ConsumerInput, { streams }) => {
    const { stream, consumer } = consumerOf(input, streams)
    const description = { ...consumerShape(consumer), StreamARN: stream.arn }
    return JSON.stringify({ ConsumerDescription: description })
  },
  DeregisterStreamConsumer: (input: ConsumerInput, { streams }) => {
    const { stream, consumer } = consumerOf(input, streams)
    stream.consumers.deregister(consumer.name)
    stream.end(false)
    return '{}'
  },
  ListStreamConsumers: (input: StreamReference, { streams }) => {
    const consumers = streams.of(input).consumers.list().map(consumerShape)
    return JSON.stringify({ Consumers: consumers })
  },
}

interface CreateInput {
  readonly StreamName?: string
  readonly ShardCount?: number
  readonly StreamModeDetails?: { readonly StreamMode: string }
}

interface ConsumerInput {
  readonly StreamARN?: string
  readonly ConsumerName?: string
  readonly ConsumerARN?: string
}

type RetentionInput = StreamReference & { readonly RetentionPeriodHours?: number }

/** Runs an operation. @returns the JSON of its answer @throws ServiceError */
export function operate(name: string, input: object, context: OperationContext): string {
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined
  if (operation === undefined) throw new ServiceError('UnknownOperationException', `${name} is not known here`)
  return operation(input as never, context)
}

/** The consumer that a request means. @throws ServiceError where there is none */
export function consumerOf(
  { StreamARN, ConsumerName, ConsumerARN }: ConsumerInput,
  streams: StoredStreams,
): { readonly stream: StoredStream; readonly consumer: StoredConsumer } {
  const stream = streams.of({ StreamARN: StreamARN ?? ConsumerARN ?? '' })
  const consumer = stream.consumers.find({ name: ConsumerName, arn: ConsumerARN })
  if (consumer === undefined) throw notFound(`Consumer ${ConsumerName ?? ConsumerARN} of ${stream.arn} not found.`)
  return { stream, consumer }
}

function setRetention(input: RetentionInput, { streams }: OperationContext): string {
  const { RetentionPeriodHours: hours = 0 } = input
  if (hours < 24 || hours > 8_760) throw badArgument(`RetentionPeriodHours ${hours} is not 24 to 8760`)
  const stream = streams.of(input)
  stream.retentionHours = hours
  stream.trim()
  return '{}'
}
