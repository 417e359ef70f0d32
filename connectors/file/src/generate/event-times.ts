import { durationMs, positiveMs } from '@millrace/core'
import type { Duration } from '@millrace/core'
import type { GenerateOptions } from './generate.ts'
import type { Random } from './random.ts'

/** Options of the generators whose records happen at a time. */
export interface EventTimeOptions extends GenerateOptions {
  /** When the first record happens, in ms since 1970. @default 2026-01-01 UTC */
  readonly start?: number
  /** Time between two records. @default as `rate` says, else '10ms' */
  readonly every?: Duration
  /** How much earlier than its place in the stream a record may have happened. @default '1s' */
  readonly disorder?: Duration
}

/** Gives the event time of the record at an index. */
export function eventTimes({
  start = Date.UTC(2026, 0, 1),
  every,
  disorder = '1s',
  rate,
}: EventTimeOptions): EventTimes {
  const everyMs = every === undefined ? (rate === undefined ? 10 : 1_000 / rate) : positiveMs(every, '`every`')
  const disorderMs = durationMs(disorder, '`disorder`')
  return (random, index) => Math.floor(start + index * everyMs - random.next() * disorderMs)
}

/** See {@link eventTimes}. */
export type EventTimes = (random: Random, index: number) => number
