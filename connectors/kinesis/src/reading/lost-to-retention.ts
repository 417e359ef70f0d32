import { DescribeStreamSummaryCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { MillraceError } from '@millrace/core'
import type { ShardName } from './shard-batch.ts'
import type { StreamInstance } from './stream-instance.ts'

const hourMs = 3_600_000
/** No stream keeps its records for less. */
export const leastRetentionMs: number = 24 * hourMs

/** Where a reader stood before, and what it finds now. */
export interface Gap {
  readonly name: ShardName
  readonly stream: StreamInstance
  readonly position: string
  /** In ms since 1970; all that had arrived up to then was read. */
  readonly readUpTo: number | undefined
  /** It may as well have been so much later. */
  readonly slackMs: number
  /** In ms since 1970. */
  readonly now: number
}

/**
 * Whether the stream has dropped records that were not read: the record that was read last is gone, and so is the time up to which
 * everything was read. Undefined for no.
 */
export async function lostToRetention(client: KinesisClient, gap: Gap): Promise<MillraceError | undefined> {
  const { name, stream, position, readUpTo, slackMs, now } = gap
  // a stream that was not there yet had nothing
  const since = Math.max(readUpTo === undefined ? 0 : readUpTo + slackMs, stream.createdAt)
  if (since >= now - leastRetentionMs) return undefined
  const { StreamDescriptionSummary: summary } = await client.send(new DescribeStreamSummaryCommand(stream.reference))
  const hours = summary?.RetentionPeriodHours ?? 24
  if (since >= now - hours * hourMs) return undefined
  const upTo = readUpTo === undefined ? ' (nobody knows when)' : `, to ${new Date(readUpTo).toISOString()}`
  return new MillraceError(
    'SOURCE',
    `stream ${name.stream}, shard ${name.shardId}: it was read to ${position}${upTo}, and keeps ${hours} hours: what arrived after that and is older is lost. ` +
      'Reading goes on with the oldest record that is left; raise the retention of the stream, or run the job more often',
    { partition: name.partition, position },
  )
}
