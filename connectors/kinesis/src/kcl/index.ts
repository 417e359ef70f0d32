/**
 * Takes over from the Kinesis Client Library; the command `millrace import kcl` loads it.
 *
 * @packageDocumentation
 */
export { readLeases } from './read-leases.ts'
export type { TableOptions } from './read-leases.ts'
export type { KclLease } from './leases.ts'
export { planImport } from './plan-import.ts'
export type { ImportedShard, ImportOptions, ImportPlan } from './plan-import.ts'
