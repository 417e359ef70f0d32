import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Ends } from '../../src/reading/fingerprint.ts'
import { LineCutter } from '../../src/reading/line-cutter.ts'
import type { Rows } from '../../src/reading/line-cutter.ts'

interface Cut {
  readonly lines: string[]
  readonly numbers: (number | undefined)[]
  readonly long: [line: number | undefined, length: number, start: string][]
}

/** Cuts bytes that come in chunks, each with some room before it. */
function cutAll(chunks: readonly { readonly bytes: Buffer; readonly room: number }[], most: number): Cut {
  const cutter = new LineCutter(most, new Ends(), 0)
  const cut: Cut = { lines: [], numbers: [], long: [] }
  const take = (rows: Rows): number => {
    for (let row = 0; row < rows.length; row++) {
      cut.lines.push(rows.bytes.toString('latin1', rows.starts[row], rows.ends[row]))
      cut.numbers.push(rows.line === undefined ? undefined : rows.line + row + 1)
    }
    const long = cutter.takeLong()
    for (const { line, length, bytes } of long) cut.long.push([line, length, Buffer.from(bytes).toString('latin1')])
    return rows.length + long.length
  }
  for (const { bytes, room } of chunks) {
    cutter.attach({ buffer: Buffer.concat([Buffer.alloc(room), bytes]), start: room, end: room + bytes.length })
    while (take(cutter.cut()) > 0);
    if (room % 3 === 0) cutter.detach()
  }
  take(cutter.finish())
  return cut
}

/** The same by `split`. */
function oracle(content: Buffer, most: number): Cut {
  const texts = content.toString('latin1').split('\n')
  const last = texts.pop() ?? ''
  const lines = texts.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
  if (last !== '') lines.push(last)
  const numbered = lines.map((line, i) => ({ line, number: i + 1 }))
  const fit = numbered.filter(({ line }) => line.length <= most)
  return {
    lines: fit.map(({ line }) => line),
    numbers: fit.map(({ number }) => number),
    long: numbered
      .filter(({ line }) => line.length > most)
      .map(({ line, number }) => [number, line.length, line.slice(0, 4096)]),
  }
}

const bytes = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom('\n', '\r\n', '\r', 'a', 'bc', '') },
      fc.string({ maxLength: 90 }),
    ),
    { maxLength: 60 },
  )
  .map((parts) => Buffer.from(parts.join(''), 'latin1'))

test('cuts what split() cuts, however the content comes in chunks', () => {
  fc.assert(
    fc.property(
      bytes,
      fc.array(fc.nat(200)),
      fc.array(fc.nat(150)),
      fc.integer({ min: 1, max: 100 }),
      (content, sizes, rooms, most) => {
        const chunks: { bytes: Buffer; room: number }[] = []
        for (let at = 0, i = 0; at < content.length; i++) {
          const size = 1 + (sizes[i % sizes.length] ?? content.length)
          chunks.push({ bytes: content.subarray(at, at + size), room: rooms[i % rooms.length] ?? 0 })
          at += size
        }
        const { lines, numbers, long } = cutAll(chunks, most)
        const expected = oracle(content, most)
        expect({ lines, numbers }).toEqual({ lines: expected.lines, numbers: expected.numbers })
        // The length of a long line is counted with the \r of its end where it was not at hand as a whole.
        expect(
          long.map(([line, length, start]) => [
            line,
            Math.abs(length - (expected.long.find(([l]) => l === line)?.[1] ?? NaN)) <= 1,
            start.slice(0, most),
          ]),
        ).toEqual(expected.long.map(([line, , start]) => [line, true, start.slice(0, most)]))
      },
    ),
    { numRuns: 500 },
  )
})

test('cuts at most 1,024 lines at a time', () => {
  const cutter = new LineCutter(10, new Ends(), 0)
  cutter.attach({ buffer: Buffer.from('x\n'.repeat(2_000)), start: 0, end: 4_000 })
  expect([cutter.cut().length, cutter.cut().length, cutter.cut().length]).toEqual([1_024, 976, 0])
})

test('keeps a position before a line over the limit until its end has come', () => {
  const cutter = new LineCutter(4, new Ends(), 0)
  cutter.attach({ buffer: Buffer.from('ab\n12345678'), start: 0, end: 11 })
  expect(cutter.cut().length).toBe(1)
  expect(cutter.cut().length).toBe(0)
  expect(cutter.position).toMatch(/^3:1:/)
  cutter.attach({ buffer: Buffer.from('90\ncd\n'), start: 0, end: 6 })
  expect(cutter.cut().length).toBe(1)
  expect(cutter.takeLong()).toMatchObject([{ line: 2, length: 10 }])
  expect(cutter.position).toMatch(/^17:3:/)
})
