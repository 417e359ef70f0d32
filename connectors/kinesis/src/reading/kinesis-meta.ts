import type { Meta } from '@millrace/core'

/** What is known of a record of Kinesis. */
export interface KinesisMeta extends Meta {
  /** Of the stream, as the options name it. */
  readonly stream: string
  readonly shardId: string
  readonly sequenceNumber: string
  /** Index within an aggregate; 0 for a plain record. With the sequence number it is unique within the shard. */
  readonly subSequenceNumber: number
  /** Of the record itself, also within an aggregate. Empty where a stream distributes records by itself. */
  readonly partitionKey: string
  readonly explicitHashKey?: string
}
