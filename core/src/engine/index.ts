/** The engine that runs a topology in memory: for the runtime and the test driver. */
export { Engine } from './engine.ts'
export type { EngineOptions, EngineSnapshot, EngineStats, InputPartition } from './engine.ts'
export type { Output } from './output.ts'
/** Keyed state as bytes. */
export { compactState } from '../state/delta.ts'
export { keyPartition } from '../state/key.ts'
