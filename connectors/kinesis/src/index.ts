// Reading streams.
export { kinesis } from './source.ts'
export type { KinesisOptions, StartAt, StreamPlace } from './options.ts'
export type { KinesisMeta } from './reading/kinesis-meta.ts'
export type { AssumedRole, Credentials, KinesisClientOptions } from './client/client-options.ts'

// Formats that others read and write, too.
export { hashKeyOf } from './wire/hash-key.ts'
export { readId, writeId } from './wire/with-id.ts'
export type { Identified } from './wire/with-id.ts'
export { decodeAggregate, encodeAggregate } from './wire/aggregate.ts'
export type { Member } from './wire/aggregate.ts'

// Writing to streams.
export { kinesisSink } from './sink.ts'
export type { KinesisSinkOptions, PartitionKey, WriteOptions } from './sink-options.ts'
export { createProducer } from './producer.ts'
export type { Producer, ProducerOptions, PutOptions } from './producer.ts'
export { ExpiredError } from './writing/entry.ts'
export type { Attempt, PutResult } from './writing/entry.ts'
export type { HotShard } from './writing/hot-shards.ts'
export type { WriterStats } from './writing/record-writer.ts'
