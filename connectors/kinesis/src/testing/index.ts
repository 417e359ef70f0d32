/**
 * A server that stands in for Kinesis Data Streams: it speaks the protocol to real clients, keeps the limits, and fails as it is told to.
 *
 * @packageDocumentation
 */
export { startKinesis } from './start-kinesis.ts'
export type { KinesisStandIn, KinesisStandInOptions, SeenRecord, ServedCall, StreamView } from './start-kinesis.ts'
export type { Call, Fault, Injected } from './faults.ts'
export type { KinesisLimits } from './limits.ts'
export type { Put } from './stored-stream.ts'
