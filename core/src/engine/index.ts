/** The engine that runs a topology in memory: for the runtime and the test driver. */
export { Engine } from './engine.ts'
export type { EngineOptions, EngineSnapshot, EngineStats, InputPartition } from './engine.ts'
export type { Output } from './output.ts'
export type { PartitionMove, StageResult } from './stage-result.ts'
/** A topology cut into stages, and what they send to each other. */
export { planStages } from '../topology/plan.ts'
export type { ExchangePlan, Plan, PlanOptions, Stage } from '../topology/plan.ts'
export type { ExchangeOutput } from './exchange-output.ts'
export type { ExchangeRows, ReceivedFrames } from '../connector/exchange-rows.ts'
/** What a dead letter keeps of a record whose bytes are gone. */
export { jsonBytes } from './letters.ts'
/** Keyed state as bytes. */
export { compactState } from '../state/delta.ts'
export { keyPartition } from '../state/key.ts'
