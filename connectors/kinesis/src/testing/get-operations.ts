import type { OperationContext } from './operation-context.ts'
import { badArgument, invalid, notFound, ServiceError } from './service-error.ts'
import { rangeOf } from './shapes.ts'
import { decodeIterator, encodeIterator, type ShardIterator } from './shard-iterator.ts'
import type { StoredShard } from './stored-shard.ts'
import type { StoredStream } from './stored-stream.ts'
import type { StoredStreams, StreamReference } from './stored-streams.ts'

const mostRecords = 10_000
const mostBytes = 10 * 1024 * 1024

/** What GetShardIterator is asked. */
export interface IteratorInput extends StreamReference {
  readonly ShardId?: string
  readonly ShardIteratorType?: string
  readonly StartingSequenceNumber?: string
  readonly Timestamp?: number
}

/** Gives an iterator. */
export function getShardIterator(input: IteratorInput, { streams, now, emptyPages }: OperationContext): string {
  const stream = streams.usable(input)
  const shard = stream.shard(input.ShardId)
  if (!shard.mayAskForIterator(now()))
    throw new ServiceError('ProvisionedThroughputExceededException', `Rate exceeded for shard ${shard.id}`)
  const next = startOf(shard, input.ShardIteratorType ?? '', input.StartingSequenceNumber, input.Timestamp)
  const place = { stream: stream.name, createdAt: stream.createdAt, shard: shard.id }
  const iterator = { ...place, next, at: now(), emptyPages: emptyPages() }
  return JSON.stringify({ ShardIterator: encodeIterator(iterator) })
}

/** Reads on from an iterator. */
export function getRecords(
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
  const most = iterator.emptyPages > 0 ? 0 : limit
  while (end < shard.records.length && end - first < most) {
    const size = (shard.records[end] as { bytes: number }).bytes
    if (bytes + size > mostBytes) break
    bytes += size
    end++
  }
  shard.hasRead(bytes, at)
  const taken = shard.records.slice(first, end)
  const isEnd = shard.closedAt !== undefined && end === shard.records.length && iterator.emptyPages === 0
  const last = taken.at(-1)
  const next = last === undefined ? iterator.next : after(last.sequenceNumber)
  const nextIterator = isEnd
    ? 'null'
    : `"${encodeIterator({ ...iterator, next, at, emptyPages: Math.max(0, iterator.emptyPages - 1) })}"`
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
