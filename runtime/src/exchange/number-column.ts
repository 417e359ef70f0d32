import type { ByteWriter } from '@millrace/core'
import type { FrameReader } from './frame-reader.ts'

/** As differences, when all are integers whose differences are exact; else as they are. */
const form = { differences: 0, doubles: 1 } as const

const limit = 2 ** 51

const isExact = (value: number): boolean =>
  Number.isSafeInteger(value) && value > -limit && value < limit && !Object.is(value, -0)

/** Writes numbers that are mostly near the one before: times, sequence numbers, numbers of rows. */
export function writeNumbers(out: ByteWriter, numbers: readonly number[]): void {
  const isWhole = numbers.every(isExact)
  out.byte(isWhole ? form.differences : form.doubles)
  if (isWhole) writeDifferences(out, numbers)
  else for (const value of numbers) out.float64(value)
}

function writeDifferences(out: ByteWriter, numbers: readonly number[]): void {
  let last = 0
  for (const value of numbers) {
    const difference = value - last
    out.varint(difference < 0 ? -2 * difference - 1 : 2 * difference)
    last = value
  }
}

/** Reads as many as were written. */
export function readNumbers(from: FrameReader, length: number): Float64Array {
  const numbers = new Float64Array(length)
  const kind = from.byte()
  if (kind === form.differences) readDifferences(from, numbers)
  else if (kind === form.doubles) for (let i = 0; i < length; i++) numbers[i] = from.float64()
  else throw new Error(`it has numbers of unknown form ${kind}`)
  return numbers
}

function readDifferences(from: FrameReader, numbers: Float64Array): void {
  let last = 0
  for (let i = 0; i < numbers.length; i++) {
    const zigzag = from.varint()
    last += zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2
    numbers[i] = last
  }
}
