import { durationMs, type Duration } from '../duration.ts'

const marker: unique symbol = Symbol('marker')

/** A record that arrives at a moment of its own; also its event time, unless the source reads that from the record. */
export interface At<out T> {
  readonly [marker]: 'at'
  readonly time: number
  readonly value: T
}

/** Something that happens to the worker between two records. */
export interface Incident {
  readonly [marker]: 'crash' | 'checkpoint'
}

/** What a script for a source consists of. */
export type Scripted<T> = T | At<T> | Incident

/** A record that arrives at `time` (ms, or a duration since 1970 such as `'5s'`). */
export const at = <T>(time: Duration, value: T): At<T> => ({ [marker]: 'at', time: durationMs(time, 'at()'), value })

/** Kills the worker here. It starts again from its last checkpoint and reads on from there. */
export const crash = (): Incident => ({ [marker]: 'crash' })

/** Takes a checkpoint here. There is one after each `send()` as well. */
export const checkpoint = (): Incident => ({ [marker]: 'checkpoint' })

const isMarked = (item: unknown): item is At<unknown> | Incident =>
  typeof item === 'object' && item !== null && marker in item

/** Which incident an item of a script is; undefined for records. */
export const incidentOf = (item: unknown): 'crash' | 'checkpoint' | undefined =>
  isMarked(item) && item[marker] !== 'at' ? item[marker] : undefined

/** The record in an item of a script, and when it arrives if the script says so. */
export const recordOf = (item: unknown): { readonly value: unknown; readonly time: number | undefined } =>
  isMarked(item) && item[marker] === 'at'
    ? { value: (item as At<unknown>).value, time: (item as At<unknown>).time }
    : { value: item, time: undefined }
