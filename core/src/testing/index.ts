/** Run a topology in a test. */
export { drive } from './driver.ts'
export type { Driver, DriveOptions, Outputs } from './driver.ts'
export { at, checkpoint, crash } from './script.ts'
export type { At, Incident, Scripted } from './script.ts'
/** A source and a sink in memory. */
export { collecting } from './collecting-sink.ts'
export type { CollectingSink } from './collecting-sink.ts'
export { scripted } from './scripted-source.ts'
export type { Script, ScriptedOptions } from './scripted-source.ts'
/** Suites that check an implementation against its contract. */
export { aggregateConformance } from './aggregate-conformance.ts'
export type { AggregateConformanceOptions } from './aggregate-conformance.ts'
