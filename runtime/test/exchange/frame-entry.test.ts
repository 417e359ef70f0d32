import fc from 'fast-check'
import { expect, test } from 'vitest'
import { joinFrames, splitFrames } from '../../src/exchange/frame-entry.ts'

test('frames come out of entries as they went in', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), (frames) => {
      expect(joinFrames(frames).flatMap(splitFrames)).toEqual(frames)
    }),
  )
})

test('many small frames are few entries, and one that is large is one alone', () => {
  const sizes = (counts: readonly number[]): number[] =>
    joinFrames(counts.map((count) => new Uint8Array(count * 1024))).map((entry) => splitFrames(entry).length)
  expect(sizes(Array.from({ length: 100 }, () => 10))).toEqual([25, 25, 25, 25])
  expect(sizes([1, 1_000, 1])).toEqual([1, 1, 1])
  expect(sizes([])).toEqual([])
})

test('an entry that is cut anywhere, or longer than it was, is an error', () => {
  const [entry = new Uint8Array()] = joinFrames([new Uint8Array([1, 2, 3]), new Uint8Array(), new Uint8Array([4, 5])])
  for (let length = 0; length < entry.length; length++)
    expect(() => splitFrames(entry.subarray(0, length))).toThrow(Error)
  expect(() => splitFrames(new Uint8Array([...entry, 0, 0, 0, 0]))).toThrow('not complete')
})

test('frames are no Buffers, also where the entry is one', () => {
  const [entry = new Uint8Array()] = joinFrames([new Uint8Array([1, 2])])
  expect(splitFrames(Buffer.from(entry))).toStrictEqual([new Uint8Array([1, 2])])
})
