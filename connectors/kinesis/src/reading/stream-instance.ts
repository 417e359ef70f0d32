import type { Partition } from '@millrace/core'

/** One life of a stream: a name can be deleted and created again, and its shards are numbered from 0 again then. */
export interface StreamInstance {
  /** As the options name it: a name or an ARN. */
  readonly name: string
  /** In ms since 1970. */
  readonly createdAt: number
  /** For the API. */
  readonly reference: { readonly StreamName: string } | { readonly StreamARN: string }
}

/** A stream, and what may change of it. */
export interface StreamState {
  readonly stream: StreamInstance
  readonly retentionMs: number
}

/** A stream is there no more, or another one of its name is. Named as the service names what is gone. */
export class StreamGoneError extends Error {
  override readonly name = 'ResourceNotFoundException'

  constructor({ name, createdAt }: StreamInstance) {
    super(`the stream ${name} that was created at ${new Date(createdAt).toISOString()} was deleted`)
  }
}

/** As the API wants a stream that is given by name or ARN. */
export const referenceOf = (stream: string): StreamInstance['reference'] =>
  stream.startsWith('arn:') ? { StreamARN: stream } : { StreamName: stream }

/** Id of a shard as a partition. */
export const partitionId = ({ name, createdAt }: StreamInstance, shardId: string): string =>
  `${name}/${createdAt}/${shardId}`

/** What an id of a partition says. @throws RangeError for one that no source of Kinesis has made */
export function parsePartitionId(id: string): { readonly stream: StreamInstance; readonly shardId: string } {
  const match = /^(.+)\/(\d+)\/(shardId-\d+)$/.exec(id)
  if (match === null) throw new RangeError(`'${id}' is no shard of a stream`)
  const [, name = '', createdAt, shardId = ''] = match
  return { stream: { name, createdAt: Number(createdAt), reference: referenceOf(name) }, shardId }
}

/** A child, as the API names it. */
export interface ChildShard {
  readonly ShardId?: string | undefined
  readonly ParentShards?: readonly string[] | undefined
}

/** The children that the end of a shard names, as partitions. */
export function childrenOf(stream: StreamInstance, shards: readonly ChildShard[]): Partition[] {
  return shards.flatMap(({ ShardId, ParentShards = [] }) =>
    ShardId === undefined
      ? []
      : [{ id: partitionId(stream, ShardId), parents: ParentShards.map((parent) => partitionId(stream, parent)) }],
  )
}
