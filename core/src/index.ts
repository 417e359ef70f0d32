// Describing a topology: where it begins, and what its streams offer.
export { topology } from './topology/topology.ts'
export type {
  Draft,
  DraftOfSources,
  DraftOfSteps,
  Inputs,
  Outlets,
  SourceDefinitions,
  Topology,
} from './topology/topology.ts'
export { from } from './topology/from.ts'
export type { FromOptions, SourceDefinition } from './topology/from.ts'
export type { DedupeOptions, Stream } from './topology/stream.ts'
export type { KeyedStream } from './topology/keyed-stream.ts'
export type { Aggregates, FiredStream, WindowBounds, WindowedStream, WindowResult } from './topology/windowed-stream.ts'
export type { WindowOptions } from './topology/window-options.ts'
export type { Branches, SplitOf } from './topology/split.ts'
export type { Flow } from './topology/flow.ts'
export type { Outlet } from './topology/outlet.ts'
export type { StatefulOptions, StepOptions } from './topology/step-options.ts'
export type { FieldsOf, KeyFields, KeyOf, Needs, Scalar } from './topology/key.ts'
export type { OnError } from './topology/node.ts'
export type { Problem } from './topology/problem.ts'
export type { DeadLetter } from './topology/dead-letter.ts'

// Keyed state of one's own: what `process` declares and is given.
export { list, mapState, value } from './topology/state.ts'
export type {
  ListState,
  MapState,
  StateOf,
  StateSlotOptions,
  StateSpec,
  Storable,
  ValueState,
} from './topology/state.ts'
export { type } from './topology/process.ts'
export type { ProcessContext, ProcessSpec, StateSpecs, Timer, Timers, TypeToken } from './topology/process.ts'

// Windows: which records belong together in time.
export { tumbling } from './windows/tumbling.ts'
export { hopping, sliding } from './windows/sliding.ts'
export type { SlidingOptions } from './windows/sliding.ts'
export { session } from './windows/session.ts'
export type { SessionOptions } from './windows/session.ts'
export type { SessionSpec, SlidingSpec, TumblingSpec, WindowSpec } from './windows/window-spec.ts'

// Aggregates: what is made of the records of a window.
export { count } from './aggregates/count.ts'
export { sum } from './aggregates/sum.ts'
export { mean } from './aggregates/mean.ts'
export { min } from './aggregates/min.ts'
export { max } from './aggregates/max.ts'
export { first } from './aggregates/first.ts'
export { last } from './aggregates/last.ts'
export { distinct } from './aggregates/distinct.ts'
export { collect } from './aggregates/collect.ts'
export { aggregateOf } from './aggregates/aggregate-of.ts'
export type { AggregateDefinition } from './aggregates/aggregate-of.ts'
export type { Aggregate, AggregateCode, AggregateSteps, Measure, Slot, Slots } from './aggregates/aggregate.ts'
export type { Has } from './aggregates/measure.ts'

// Fields: the shape of a record or of the parameters.
export { array, boolean, int, nullable, number, object, optional, Secret, secret, string } from './fields.ts'
export type { Field, FieldKind, OfShape, Shape } from './fields.ts'

// Codecs: records to bytes and back.
export { json } from './codecs/json.ts'
export type { JsonCodecFactory } from './codecs/json.ts'
export type {
  SchemaOutput,
  StandardIssue,
  StandardJsonSchema,
  StandardJsonSchemaOptions,
  StandardProperties,
  StandardResult,
  StandardSchema,
} from './codecs/json/standard-schema.ts'
export { lines } from './codecs/lines.ts'
export { accessLog } from './codecs/access-log.ts'
export type { AccessLogOf, AccessLogOptions } from './codecs/access-log.ts'
export type { AccessLogFields } from './codecs/access-log/pattern.ts'
export type { AccessLogLayout, AccessLogRecord } from './codecs/access-log/record.ts'
export { bytes } from './codecs/bytes.ts'

// Sources, sinks and codecs of one's own: the contracts.
export type {
  AtTip,
  EndOfPartition,
  Meta,
  Partition,
  PartitionList,
  Position,
  Read,
  Reader,
  Records,
  RefusedRow,
  Source,
  SourceContext,
} from './connector/source.ts'
export { tenureId } from './connector/sink.ts'
export type {
  CommitOutcome,
  Guarantee,
  Handle,
  Json,
  Prepared,
  PrepareOptions,
  RefusedOutput,
  Sink,
  SinkBatch,
  SinkContext,
  SinkWriter,
  Tenure,
} from './connector/sink.ts'
export type {
  Acquired,
  Backplane,
  Checkpoint,
  CheckpointWrite,
  Lease,
  StateBlob,
  StoredDeadLetter,
  WriteOutcome,
} from './connector/backplane.ts'
export { discoveryName, splitTaskName, taskName } from './connector/cluster.ts'
export type {
  ClaimedTask,
  ClusterBackplane,
  ClusterStatus,
  ExchangeCursor,
  ExchangeEntries,
  ExchangePartition,
  ExchangeShape,
  ExchangeWrite,
  FoundPartition,
  FoundPartitions,
  HeartbeatReply,
  HeartbeatRequest,
  JobShape,
  OpenedJob,
  OutgoingFrame,
  PartitionEnd,
  TaskInfo,
  WorkerInfo,
  WorkerLoad,
} from './connector/cluster.ts'
export type { ExchangeRows, ReceivedFrames } from './connector/exchange-rows.ts'
export type { StateStore } from './connector/state-store.ts'
export type { Codec, Decoder, Encoder, Refuse } from './connector/codec.ts'
export type { Slab } from './connector/slab.ts'
export { ByteWriter } from './connector/byte-writer.ts'
export type { Clock } from './clock.ts'

// Options: spans of time and amounts of data, as connectors read them.
export { durationMs, positiveMs } from './duration.ts'
export type { Duration } from './duration.ts'
export { sizeBytes } from './size.ts'
export type { Size } from './size.ts'

// Errors: one class, told apart by its code.
export { badOption, errorCodes, isMillraceError, MillraceError } from './errors.ts'
export type { ErrorCode, ErrorContext } from './errors.ts'

// Running topologies: what a runtime and a test driver read.
export { paramVariable, resolveParams } from './topology/params.ts'
export type { ParamInputs } from './topology/params.ts'
export { nodeName, stateName } from './topology/names.ts'
export { compareState, stateShapes } from './topology/state-shape.ts'
export type { KeyShape, StateChange, StateShape } from './topology/state-shape.ts'
export { validate } from './topology/validate.ts'
export type { TopologyProblem } from './topology/misuse.ts'
export type { ExplainFormat } from './topology/explain.ts'
export { isStateful } from './topology/node.ts'
export type { Graph, Location, Node, NodeKind, SinkNode, SourceNode, StatefulNode } from './topology/node.ts'
