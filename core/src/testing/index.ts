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
/** Suites that an implementation of a contract must pass. */
export { backplaneConformance } from './backplane-conformance.ts'
export type { BackplaneConformanceOptions, BackplaneStore } from './backplane-conformance.ts'
export type { Assertion, Expect, TestFunction } from './test-runner.ts'
export { sourceConformance } from './source-conformance.ts'
export type { SourceConformanceOptions, SourceRule, SourceUnderTest } from './source-conformance.ts'
export { sinkConformance } from './sink-conformance.ts'
export type { SinkConformanceOptions, SinkRule, SinkUnderTest } from './sink-conformance.ts'
export type { Skips, SkippingTestFunction, SuiteOptions } from './suite.ts'
