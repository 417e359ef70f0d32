import { largestHashKey } from '../wire/hash-key.ts'
import { decodeIterator, encodeIterator, type ShardIterator } from './shard-iterator.ts'
import { badArgument, invalid, notFound, ServiceError } from './service-error.ts'
import type { StoredShard } from './stored-shard.ts'
import type { StoredConsumer, StoredStream } from './stored-stream.ts'
import type { StoredStreams, StreamReference } from './stored-streams.ts'

/** What operations are given of the server. */
export interface OperationContext {
  readonly streams: StoredStreams
  readonly now: () => number
  /** Of PutRecords: the error code of an entry that is to be refused. */
  readonly refuses: () => string | undefined
}

/** Answers the JSON of a request with JSON. */
type Operation = (input: never, context: OperationContext) => string

const mostRecords = 10_000
const mostBytes = 10 * 1024 * 1024
const mostEntries = 500
const tokenLifetimeMs = 300_000

interface PutEntryInput {
  readonly Data?: string
  readonly PartitionKey?: string
  readonly ExplicitHashKey?: string
}

type PutRecordInput = StreamReference & PutEntryInput & { readonly SequenceNumberForOrdering?: string }

interface IteratorInput extends StreamReference {
  readonly ShardId?: string
  readonly ShardIteratorType?: string
  readonly StartingSequenceNumber?: string
  readonly Timestamp?: number
}

interface ListShardsInput extends StreamReference {
  readonly NextToken?: string
  readonly ExclusiveStartShardId?: string
  readonly MaxResults?: number
  readonly ShardFilter?: { readonly Type: string; readonly ShardId?: string; readonly Timestamp?: number }
}

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
        const { arn, createdAt } = streams.named(name)
        return { StreamName: name, StreamARN: arn, StreamStatus: 'ACTIVE', StreamCreationTimestamp: createdAt / 1000 }
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
  ListShards: (input: ListShardsInput, context) => listShards(input, context),
  PutRecord: (input: PutRecordInput, { streams }) => {
    const stream = streams.of(input)
    streams.checkRoom()
    const { shardId, sequenceNumber } = stream.put(entryOf(input))
    return `{"ShardId":"${shardId}","SequenceNumber":"${sequenceNumber}","EncryptionType":"${stream.encryption.type}"}`
  },
  PutRecords: (input: StreamReference & { readonly Records?: readonly PutEntryInput[] }, context) =>
    putRecords(input, context),
  GetShardIterator: (input: IteratorInput, context) => getShardIterator(input, context),
  GetRecords: (input: { readonly ShardIterator?: string; readonly Limit?: number }, context) =>
    getRecords(input, context),
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
  RegisterStreamConsumer: ({ StreamARN = '', ConsumerName = '' }: ConsumerInput, { streams, now }) => {
    const stream = streams.of({ StreamARN })
    if (stream.consumers.has(ConsumerName))
      throw new ServiceError('ResourceInUseException', `Consumer ${ConsumerName} of ${StreamARN} already exists.`)
    if (stream.consumers.size >= 20)
      throw new ServiceError('LimitExceededException', `${StreamARN} has 20 consumers already.`)
    const createdAt = now()
    const arn = `${stream.arn}/consumer/${ConsumerName}:${Math.floor(createdAt / 1000)}`
    const consumer = { name: ConsumerName, arn, createdAt }
    stream.consumers.set(ConsumerName, consumer)
    return JSON.stringify({ Consumer: consumerShape(consumer, 'CREATING') })
  },
  DescribeStreamConsumer: (input: ConsumerInput, { streams }) => {
    const { stream, consumer } = consumerOf(input, streams)
    const description = { ...consumerShape(consumer, 'ACTIVE'), StreamARN: stream.arn }
    return JSON.stringify({ ConsumerDescription: description })
  },
  DeregisterStreamConsumer: (input: ConsumerInput, { streams }) => {
    const { stream, consumer } = consumerOf(input, streams)
    stream.consumers.delete(consumer.name)
    stream.end()
    return '{}'
  },
  ListStreamConsumers: (input: StreamReference, { streams }) => {
    const consumers = [...streams.of(input).consumers.values()].map((each) => consumerShape(each, 'ACTIVE'))
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
  const consumer = [...stream.consumers.values()].find(({ name, arn }) => name === ConsumerName || arn === ConsumerARN)
  if (consumer === undefined) throw notFound(`Consumer ${ConsumerName ?? ConsumerARN} of ${stream.arn} not found.`)
  return { stream, consumer }
}

/** Where a position of a request lies, as the first sequence number that is to be read. */
export function startOf(shard: StoredShard, type: string, sequenceNumber?: string, timestamp?: number): string {
  if (type === 'TRIM_HORIZON') return shard.records[0]?.sequenceNumber ?? shard.startingSequenceNumber
  if (type === 'LATEST') return behindLast(shard)
  if (type === 'AT_TIMESTAMP') {
    if (timestamp === undefined) throw badArgument('Timestamp must be given for AT_TIMESTAMP')
    return shard.records[shard.indexAt(timestamp * 1000)]?.sequenceNumber ?? behindLast(shard)
  }
  if (type !== 'AT_SEQUENCE_NUMBER' && type !== 'AFTER_SEQUENCE_NUMBER')
    throw invalid(`Value '${type}' at 'shardIteratorType' failed to satisfy constraint`)
  if (sequenceNumber === undefined || !/^\d{1,129}$/.test(sequenceNumber))
    throw badArgument(`StartingSequenceNumber ${sequenceNumber} is no sequence number`)
  if (sequenceNumber.length !== shard.startingSequenceNumber.length || sequenceNumber < shard.startingSequenceNumber)
    throw badArgument(`StartingSequenceNumber ${sequenceNumber} is not of shard ${shard.id}`)
  return type === 'AT_SEQUENCE_NUMBER' ? sequenceNumber : after(sequenceNumber)
}

/** The answer to GetRecords without the records, and to the events of a subscription. */
export const childrenOf = ({ children }: StoredShard): object[] =>
  children.map((child) => ({ ShardId: child.id, ParentShards: child.parents, HashKeyRange: rangeOf(child) }))

/** How far a reader at an index is behind, in ms. */
export const millisBehind = (shard: StoredShard, index: number, now: number): number => {
  const next = shard.records[index]
  return next === undefined ? 0 : Math.max(0, Math.round(now - next.arrival))
}

/** Just behind a sequence number: no two are so close. */
export const after = (sequenceNumber: string): string => `${sequenceNumber}!`

const behindLast = (shard: StoredShard): string =>
  shard.records.length === 0
    ? shard.startingSequenceNumber
    : after((shard.records.at(-1) as { sequenceNumber: string }).sequenceNumber)

const rangeOf = ({ from, to }: StoredShard): object => ({ StartingHashKey: String(from), EndingHashKey: String(to) })

function shapeOf(shard: StoredShard): object {
  const [parent, adjacent] = shard.parents
  return {
    ShardId: shard.id,
    ...(parent !== undefined && { ParentShardId: parent }),
    ...(adjacent !== undefined && { AdjacentParentShardId: adjacent }),
    HashKeyRange: rangeOf(shard),
    SequenceNumberRange: {
      StartingSequenceNumber: shard.startingSequenceNumber,
      ...(shard.endingSequenceNumber !== undefined && { EndingSequenceNumber: shard.endingSequenceNumber }),
    },
  }
}

function summaryOf(stream: StoredStream): Readonly<Record<string, unknown>> {
  return {
    StreamName: stream.name,
    StreamARN: stream.arn,
    StreamStatus: 'ACTIVE',
    StreamModeDetails: { StreamMode: stream.mode },
    RetentionPeriodHours: stream.retentionHours,
    StreamCreationTimestamp: stream.createdAt / 1000,
    EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
    EncryptionType: stream.encryption.type,
    ...(stream.encryption.keyId !== undefined && { KeyId: stream.encryption.keyId }),
    MaxRecordSizeInKiB: stream.maxRecordBytes / 1024,
    RecordDistributionStrategy: stream.distribution,
    OpenShardCount: stream.open.length,
    ConsumerCount: stream.consumers.size,
  }
}

const consumerShape = ({ name, arn, createdAt }: StoredConsumer, status: string): object => ({
  ConsumerName: name,
  ConsumerARN: arn,
  ConsumerStatus: status,
  ConsumerCreationTimestamp: createdAt / 1000,
})

function entryOf({ PartitionKey, Data, ExplicitHashKey }: PutEntryInput): {
  partitionKey: string
  explicitHashKey: string | undefined
  data: string
} {
  if (PartitionKey === undefined || PartitionKey === '' || Array.from(PartitionKey).length > 256)
    throw invalid(`Value '${PartitionKey}' at 'partitionKey' must have 1 to 256 characters`)
  if (Data === undefined) throw invalid("Value null at 'data' failed to satisfy constraint: Member must not be null")
  if (ExplicitHashKey !== undefined && !/^(0|[1-9]\d{0,38})$/.test(ExplicitHashKey))
    throw invalid(`Value '${ExplicitHashKey}' at 'explicitHashKey' failed to satisfy constraint: 0|([1-9]\\d{0,38})`)
  if (ExplicitHashKey !== undefined && BigInt(ExplicitHashKey) > largestHashKey)
    throw badArgument(`ExplicitHashKey ${ExplicitHashKey} is larger than ${largestHashKey}`)
  return { partitionKey: PartitionKey, explicitHashKey: ExplicitHashKey, data: Data }
}

function putRecords(
  input: StreamReference & { readonly Records?: readonly PutEntryInput[] },
  { streams, refuses }: OperationContext,
): string {
  const { Records = [] } = input
  if (Records.length < 1 || Records.length > mostEntries)
    throw invalid(`Value at 'records' failed to satisfy constraint: Member must have length 1 to ${mostEntries}`)
  const stream = streams.of(input)
  streams.checkRoom()
  const entries = Records.map(entryOf)
  const bytes = entries.reduce(
    (sum, { partitionKey, data }) => sum + (data.length * 3) / 4 + Buffer.byteLength(partitionKey),
    0,
  )
  if (bytes > mostBytes + 2 * entries.length)
    throw invalid(`Records of ${Math.round(bytes)} bytes are more than ${mostBytes}`)
  let failed = 0
  const answers = entries.map((entry) => {
    const refused = refuses()
    try {
      if (refused !== undefined) throw new ServiceError(refused, 'refused by a fault')
      const { shardId, sequenceNumber } = stream.put(entry)
      return `{"SequenceNumber":"${sequenceNumber}","ShardId":"${shardId}"}`
    } catch (error) {
      const { code, message } = error as ServiceError
      if (code === 'InvalidArgumentException') throw error
      failed++
      return JSON.stringify({ ErrorCode: code, ErrorMessage: message })
    }
  })
  return `{"FailedRecordCount":${failed},"Records":[${answers.join(',')}],"EncryptionType":"${stream.encryption.type}"}`
}

function setRetention(input: RetentionInput, { streams }: OperationContext): string {
  const { RetentionPeriodHours: hours = 0 } = input
  if (hours < 24 || hours > 8_760) throw badArgument(`RetentionPeriodHours ${hours} is not 24 to 8760`)
  const stream = streams.of(input)
  stream.retentionHours = hours
  stream.trim()
  return '{}'
}

function getShardIterator(input: IteratorInput, { streams, now }: OperationContext): string {
  const stream = streams.of(input)
  const shard = stream.shard(input.ShardId)
  if (!shard.mayAskForIterator(now()))
    throw new ServiceError('ProvisionedThroughputExceededException', `Rate exceeded for shard ${shard.id}`)
  const next = startOf(shard, input.ShardIteratorType ?? '', input.StartingSequenceNumber, input.Timestamp)
  const iterator = { stream: stream.name, createdAt: stream.createdAt, shard: shard.id, next, at: now() }
  return JSON.stringify({ ShardIterator: encodeIterator(iterator) })
}

function getRecords(
  { ShardIterator: text = '', Limit: limit = mostRecords }: { ShardIterator?: string; Limit?: number },
  { streams, now }: OperationContext,
): string {
  if (limit < 1 || limit > mostRecords) throw badArgument(`Limit ${limit} is not 1 to ${mostRecords}`)
  const at = now()
  const iterator = decodeIterator(text, at)
  const { stream, shard } = ownerOf(iterator, streams)
  if (!shard.mayRead(at))
    throw new ServiceError(
      'ProvisionedThroughputExceededException',
      `Rate exceeded for shard ${shard.id} in stream ${stream.name}`,
    )
  const first = shard.indexOf(iterator.next)
  let [end, bytes] = [first, 0]
  while (end < shard.records.length && end - first < limit) {
    const size = (shard.records[end] as { bytes: number }).bytes
    if (bytes + size > mostBytes) break
    bytes += size
    end++
  }
  shard.hasRead(bytes, at)
  const taken = shard.records.slice(first, end)
  const isEnd = shard.closedAt !== undefined && end === shard.records.length
  const last = taken.at(-1)
  const next = last === undefined ? iterator.next : after(last.sequenceNumber)
  const nextIterator = isEnd ? 'null' : `"${encodeIterator({ ...iterator, next, at })}"`
  const children = isEnd ? `,"ChildShards":${JSON.stringify(childrenOf(shard))}` : ''
  return `{"Records":[${taken.map(({ json }) => json).join(',')}],"NextShardIterator":${nextIterator},"MillisBehindLatest":${millisBehind(shard, end, at)}${children}}`
}

/** @throws ServiceError where its stream or shard is gone */
function ownerOf(
  { stream: name, createdAt, shard: id }: ShardIterator,
  streams: StoredStreams,
): {
  readonly stream: StoredStream
  readonly shard: StoredShard
} {
  const stream = streams.named(name)
  if (stream.createdAt !== createdAt) throw notFound(`The stream ${name} of this iterator was deleted.`)
  return { stream, shard: stream.shard(id) }
}

function listShards(input: ListShardsInput, { streams, now }: OperationContext): string {
  const { NextToken, ExclusiveStartShardId, MaxResults = 1_000, ShardFilter } = input
  if (NextToken !== undefined && (input.StreamName ?? input.StreamARN) !== undefined)
    throw badArgument('NextToken and StreamName cannot be given together.')
  const token = NextToken === undefined ? undefined : tokenOf(NextToken, now())
  const stream = token === undefined ? streams.of(input) : streams.named(token.stream)
  const filter = token?.filter ?? ShardFilter
  const from =
    token?.after ?? ExclusiveStartShardId ?? (filter?.Type === 'AFTER_SHARD_ID' ? (filter.ShardId ?? '') : '')
  const found = [...stream.shards.values()].filter((shard) => shard.id > from && passes(shard, filter))
  const page = found.slice(0, MaxResults)
  const next = { stream: stream.name, after: page.at(-1)?.id ?? '', filter, at: now() }
  return JSON.stringify({
    Shards: page.map(shapeOf),
    ...(found.length > page.length && { NextToken: Buffer.from(JSON.stringify(next)).toString('base64') }),
  })
}

interface ListToken {
  readonly stream: string
  readonly after: string
  readonly filter?: ListShardsInput['ShardFilter']
  readonly at: number
}

function tokenOf(text: string, now: number): ListToken {
  let token: ListToken
  try {
    token = JSON.parse(Buffer.from(text, 'base64').toString()) as ListToken
  } catch {
    throw badArgument('Invalid NextToken.')
  }
  if (now - token.at > tokenLifetimeMs) throw new ServiceError('ExpiredNextTokenException', 'NextToken expired.')
  return token
}

function passes({ closedAt, createdAt }: StoredShard, filter: ListShardsInput['ShardFilter']): boolean {
  const at = (filter?.Timestamp ?? 0) * 1000
  switch (filter?.Type) {
    case 'AT_LATEST':
      return closedAt === undefined
    case 'AT_TIMESTAMP':
      return createdAt <= at && (closedAt === undefined || closedAt > at)
    case 'FROM_TIMESTAMP':
      return closedAt === undefined || closedAt > at
    default:
      return true
  }
}
