import type { StoredShard } from './stored-shard.ts'
import type { StoredConsumer } from './stored-consumers.ts'
import type { StoredStream } from './stored-stream.ts'

/** Hash keys of a shard, as the API has them. */
export const rangeOf = ({ from, to }: StoredShard): object => ({
  StartingHashKey: String(from),
  EndingHashKey: String(to),
})

/** A shard, as the API has it. */
export function shapeOf(shard: StoredShard): object {
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

/** A stream, as the API has it. */
export function summaryOf(stream: StoredStream): Readonly<Record<string, unknown>> {
  return {
    StreamName: stream.name,
    StreamARN: stream.arn,
    StreamStatus: stream.status,
    StreamModeDetails: { StreamMode: stream.mode },
    RetentionPeriodHours: stream.retentionHours,
    StreamCreationTimestamp: stream.createdAt / 1000,
    EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
    EncryptionType: stream.encryption.type,
    ...(stream.encryption.keyId !== undefined && { KeyId: stream.encryption.keyId }),
    MaxRecordSizeInKiB: stream.maxRecordBytes / 1024,
    RecordDistributionStrategy: stream.distribution,
    OpenShardCount: stream.open.length,
    ConsumerCount: stream.consumers.list().length,
  }
}

/** A consumer, as the API has it. */
export const consumerShape = ({ name, arn, createdAt, status }: StoredConsumer): object => ({
  ConsumerName: name,
  ConsumerARN: arn,
  ConsumerStatus: status,
  ConsumerCreationTimestamp: createdAt / 1000,
})
