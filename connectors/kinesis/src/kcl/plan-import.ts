import { badOption, type Partition, type Position } from '@millrace/core'
import { afterRecord, atTime, earliest } from '../reading/position.ts'
import { parsePartitionId } from '../reading/stream-instance.ts'
import type { KclLease } from './leases.ts'

/** What a shard becomes. */
export interface ImportedShard {
  readonly partition: Partition
  /** With its stream before it, where there are several. */
  readonly shardId: string
  /** Of its lease; undefined where it has none. */
  readonly checkpoint: string | undefined
  /** Where reading goes on; undefined for a shard that was read to its end. */
  readonly start: Position | undefined
  /** What looks wrong. */
  readonly problem: string | undefined
}

/** What becomes of all shards, and of leases that are of none. */
export interface ImportPlan {
  readonly shards: readonly ImportedShard[]
  readonly problems: readonly string[]
}

/** How leases become positions. */
export interface ImportOptions {
  /** Where LATEST is, in ms since 1970. */
  readonly now: number
  /** What AT_TIMESTAMP means, which is not in the lease, in ms since 1970. */
  readonly timestamp?: number | undefined
}

/**
 * Where shards begin, by the leases that an application of KCL has left: behind what it has processed.
 *
 * @throws MillraceError BAD_OPTION where it is not known of which stream leases are
 */
export function planImport(
  leases: readonly KclLease[],
  partitions: readonly Partition[],
  options: ImportOptions,
): ImportPlan {
  const streams = new Set(partitions.map(({ id }) => parsePartitionId(id).stream.name))
  if (streams.size > 1 && leases.some(({ stream }) => stream === undefined))
    throw badOption(
      `the leases name no stream, as those of an application of one stream do, and the source reads ${[...streams].join(' and ')}: import into a source of one stream`,
    )
  const used = new Set<KclLease>()
  const leaseOf = (partition: Partition): KclLease | undefined => {
    const lease = leases.find((each) => isOf(each, partition))
    if (lease) used.add(lease)
    return lease
  }
  const found = partitions.map((partition) => ({ partition, lease: leaseOf(partition) }))
  const cleanedUp = parentsOfLeases(found)
  const isEnded = ({ partition, lease }: Found): boolean =>
    lease === undefined ? cleanedUp.has(partition.id) : lease.checkpoint === 'SHARD_END'
  const ended = new Set(found.filter(isEnded).map(({ partition }) => partition.id))
  const known = new Set(partitions.map(({ id }) => id))
  const shards = found.map(({ partition, lease }) => {
    const { stream, shardId: shard } = parsePartitionId(partition.id)
    const shardId = streams.size > 1 ? `${stream.name}/${shard}` : shard
    const unfinished = (partition.parents ?? []).filter((parent) => known.has(parent) && !ended.has(parent))
    const begun = lease !== undefined && /^\d/.test(lease.checkpoint) && unfinished.length > 0
    const problem = begun
      ? `it was begun before ${unfinished.map((id) => parsePartitionId(id).shardId).join(', ')} had ended`
      : lease === undefined && unfinished.length === 0 && !ended.has(partition.id)
        ? 'it has no lease: it is read from its oldest record'
        : undefined
    const start = ended.has(partition.id) ? undefined : startOf(lease, options)
    return { partition, shardId, checkpoint: lease?.checkpoint, start, problem }
  })
  const names = new Set(partitions.map(({ id }) => nameOf(id)))
  // an application of several streams has the leases of all of them in its table
  const isOfOther = ({ stream }: KclLease): boolean => stream !== undefined && !names.has(stream.name)
  const stray = leases.filter((lease) => !used.has(lease) && !isOfOther(lease))
  if (used.size === 0)
    throw badOption(
      `none of the leases is of a shard of ${[...streams].join(' or ')}, as it is now: give the lease table of an application that reads it, or start without an import`,
    )
  const stillNamed = (shardId: string, stream: KclLease['stream']): string =>
    streams.size > 1 && stream !== undefined ? `${stream.name}/${shardId}` : shardId
  return {
    shards,
    problems: stray.map(
      ({ shardId, stream }) => `${stillNamed(shardId, stream)} has a lease, and is no shard of the stream any more`,
    ),
  }
}

interface Found {
  readonly partition: Partition
  readonly lease: KclLease | undefined
}

/**
 * Shards behind those that have a lease. KCL deletes the lease of a shard that it has read to its end once all of its children are being read,
 * and begins no child before; or it began with LATEST, and was not to read them.
 */
function parentsOfLeases(found: readonly Found[]): ReadonlySet<string> {
  const parentsOf = new Map(found.map(({ partition }) => [partition.id, partition.parents ?? []]))
  const reached = new Set<string>()
  const reach = (id: string): void => {
    if (reached.has(id)) return
    reached.add(id)
    for (const parent of parentsOf.get(id) ?? []) reach(parent)
  }
  for (const { partition, lease } of found)
    if (lease !== undefined) for (const parent of partition.parents ?? []) reach(parent)
  return reached
}

/** Of the stream, without what an ARN has before it. */
const nameOf = (partition: string): string | undefined => parsePartitionId(partition).stream.name.split('/').at(-1)

function isOf({ shardId, stream }: KclLease, { id }: Partition): boolean {
  const { stream: own, shardId: ownShard } = parsePartitionId(id)
  if (shardId !== ownShard) return false
  const name = nameOf(id)
  return stream === undefined || (stream.name === name && stream.createdAt === Math.floor(own.createdAt / 1000))
}

function startOf(lease: KclLease | undefined, { now, timestamp }: ImportOptions): Position | undefined {
  switch (lease?.checkpoint) {
    case undefined:
    case 'TRIM_HORIZON':
      return earliest
    case 'LATEST':
      return atTime(now)
    case 'AT_TIMESTAMP':
      return timestamp === undefined ? earliest : atTime(timestamp)
    case 'SHARD_END':
      return undefined
    default:
      return afterRecord((lease as KclLease).checkpoint, (lease as KclLease).subSequenceNumber)
  }
}
