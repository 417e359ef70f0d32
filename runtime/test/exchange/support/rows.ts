import type { ExchangeRows, OutgoingFrame } from '@millrace/core'
import { FrameDecoder } from '../../../src/exchange/frame-decoder.ts'
import { joinFrames } from '../../../src/exchange/frame-entry.ts'
import { type RefuseRow, RowsFrame } from '../../../src/exchange/rows-frame.ts'
import { ValuePacker } from '../../../src/exchange/value-packer.ts'

/** One row. */
export interface Row {
  readonly key: string | number | bigint | boolean
  readonly value: unknown
  readonly time: number
  readonly mark: number
  readonly place: string
  readonly sequence: number
}

export const row = (some: Partial<Row> = {}): Row => ({
  key: 'k',
  value: { n: 1 },
  time: 1_000,
  mark: -Infinity,
  place: 'p0',
  sequence: 1,
  ...some,
})

export const rowsOf = (rows: readonly Row[]): ExchangeRows => ({
  length: rows.length,
  keys: rows.map(({ key }) => key),
  values: rows.map(({ value }) => value),
  times: rows.map(({ time }) => time),
  marks: rows.map(({ mark }) => mark),
  places: rows.map(({ place }) => place),
  sequences: rows.map(({ sequence }) => sequence),
})

export const listOf = ({ length, keys, values, times, marks, places, sequences }: ExchangeRows): Row[] =>
  Array.from({ length }, (_, i) => ({
    key: keys[i] ?? '',
    value: values[i],
    time: times[i] ?? NaN,
    mark: marks[i] ?? NaN,
    place: places[i] ?? '',
    sequence: sequences[i] ?? NaN,
  }))

export const where = { exchange: 'views', partition: 3, position: '17' } as const

/** Fails the test. */
export const refuseNone: RefuseRow = (at, error) => {
  throw new Error(`row ${at} was refused`, { cause: error })
}

export const frameOf = (rows: readonly Row[], packer: ValuePacker = new ValuePacker()): Uint8Array => {
  const frame = new RowsFrame(packer)
  frame.add(rowsOf(rows), 0, rows.length, refuseNone)
  return frame.seal()
}

/** By a process that has read nothing before. */
export const rowsIn = (frame: Uint8Array, decoder: FrameDecoder = new FrameDecoder()): Row[] => {
  const decoded = joinFrames([frame]).flatMap((entry) => decoder.decode(entry, where))
  return decoded.flatMap((each) => (each.kind === 'rows' ? listOf(each.rows) : []))
}

/** All rows that were sent to a partition, in order. */
export const sentTo = (partition: number, sent: readonly OutgoingFrame[]): Row[] =>
  sent
    .filter((entry) => entry.partition === partition)
    .flatMap(({ bytes }) => new FrameDecoder().decode(bytes, where))
    .flatMap((frame) => (frame.kind === 'rows' ? listOf(frame.rows) : []))
