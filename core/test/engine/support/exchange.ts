import type { ExchangeRows, ReceivedFrames } from '../../../src/connector/exchange-rows.ts'
import type { Records } from '../../../src/connector/source.ts'
import type { Key } from '../../../src/state/key.ts'
import { batch } from './batch.ts'

/** A row as tests write it. */
export interface Row {
  readonly key: Key
  readonly value: unknown
  readonly time: number
  readonly mark?: number
  readonly place?: string
}

export const rowsOf = (rows: readonly Row[]): ExchangeRows => ({
  length: rows.length,
  keys: rows.map(({ key }) => key),
  values: rows.map(({ value }) => value),
  times: rows.map(({ time }) => time),
  marks: rows.map(({ mark = -Infinity }) => mark),
  places: rows.map(({ place = 'events/p' }) => place),
  sequences: rows.map((_, i) => i),
})

/** What a reader of an exchange gives. */
export const received = (frames: Partial<ReceivedFrames>): Records<unknown> => {
  const { values: _values, ...records } = batch([])
  return { ...records, exchange: { watermark: undefined, ...frames } }
}
