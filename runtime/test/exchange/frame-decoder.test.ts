import { isMillraceError } from '@millrace/core'
import fc from 'fast-check'
import { addExtension } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { FrameDecoder } from '../../src/exchange/frame-decoder.ts'
import { joinFrames } from '../../src/exchange/frame-entry.ts'
import { sealFrame } from '../../src/exchange/frame.ts'
import { frameOf, row, rowsIn, where } from './support/rows.ts'
import { runs } from './support/values.ts'

const small = frameOf([row(), row({ key: 7, value: [new Date(5), 'b'], mark: 2_000 })])
const large = frameOf(Array.from({ length: 500 }, (_, i) => row({ value: { user: `u${i % 20}`, n: i } })))

const entryOf = (frame: Uint8Array): Uint8Array => joinFrames([frame])[0] ?? new Uint8Array()

const errorOf = (frame: Uint8Array): unknown => {
  try {
    new FrameDecoder().decode(entryOf(frame), where)
  } catch (error) {
    return error
  }
  return undefined
}

describe('a frame that is not as it was written', () => {
  test.each([
    ['small', small],
    ['compressed', large],
  ])('is refused wherever it is cut (%s)', (_, frame) => {
    for (let length = 0; length < frame.length; length++)
      expect(isMillraceError(errorOf(frame.subarray(0, length)), 'CORRUPT_STATE')).toBe(true)
  })

  test.each([
    ['small', small],
    ['compressed', large],
  ])('is refused whatever bit is turned (%s)', (_, frame) => {
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const turned = frame.slice()
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(isMillraceError(errorOf(turned), 'CORRUPT_STATE')).toBe(true)
    }
  })

  test('is refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(isMillraceError(errorOf(bytes), 'CORRUPT_STATE')).toBe(true)
      }),
      runs(500),
    )
  })

  test('is refused or read in bounded time and memory, also if its checksum is right', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.constantFrom('rows' as const, 'partials' as const),
        (body, kind) => {
          const error = errorOf(sealFrame({ kind, body }))
          expect(error === undefined || isMillraceError(error, 'CORRUPT_STATE')).toBe(true)
        },
      ),
      runs(2_000),
    )
  })

  test('is refused with where it lies', () => {
    expect(errorOf(small.subarray(0, 9))).toMatchObject({
      code: 'CORRUPT_STATE',
      message: expect.stringMatching(/^exchange views, partition 3, position 17: a frame cannot be read: its checksum/),
      node: 'views',
      partition: '3',
      position: '17',
      retryable: false,
    })
  })

  test('is refused by a release that is older', () => {
    const later = small.slice()
    later[0] = 2
    expect(errorOf(later)).toMatchObject({
      code: 'CORRUPT_STATE',
      message: expect.stringContaining('a later release wrote it (version 2, this one reads 1)'),
    })
  })
})

describe('a frame', () => {
  test('gives partial aggregates back as they are, large ones smaller in between', () => {
    for (const size of [0, 1, 5_000, 300_000]) {
      const partials = new Uint8Array(size).map((_, i) => (i * i) % 251)
      const frame = sealFrame({ kind: 'partials', body: partials })
      expect(new FrameDecoder().decode(entryOf(frame), where)).toStrictEqual([
        { kind: 'partials', bytes: size, partials },
      ])
      if (size > 4096) expect(frame.length).toBeLessThan(size * 0.9)
    }
  })

  test('that does not get smaller is left as it is', () => {
    let seed = 1
    const body = Uint8Array.from({ length: 20_000 }, () => (seed = (seed * 48_271) % 2_147_483_647) & 255)
    expect(sealFrame({ kind: 'partials', body }).length).toBeLessThan(body.length + 16)
  })

  test('is the same to whoever reads it: these bytes were written by the first release', () => {
    expect(rowsIn(Buffer.from(firstRelease, 'base64'))).toStrictEqual(writtenByFirstRelease)
  })

  test('does not depend on extensions that others have given msgpackr', () => {
    const value = { at: new Date(1_234), tags: new Set(['a']), big: 2n ** 80n, none: undefined }
    // for good, and for all in this process: there is no way to take it back
    addExtension({ Class: Date, type: 99, pack: () => new Uint8Array([1]), unpack: () => 'not a date' })
    expect(rowsIn(frameOf([row({ value })]))[0]?.value).toStrictEqual(value)
  })

  test('is read with the shapes that its sender knew, however many senders there are', () => {
    const decoder = new FrameDecoder()
    for (let sender = 0; sender < 200; sender++) {
      const sent = [row({ value: { [`a${sender}`]: 1, b: 2 } }), row({ value: { b: 2 } })]
      expect(rowsIn(frameOf(sent), decoder)).toEqual(sent)
    }
  })
})

const writtenByFirstRelease = [
  row({ key: 'a', value: { user: 'ä', n: 1, tags: ['x'] }, time: 5_000, sequence: 10 }),
  row({ key: -0, value: { user: 'b', n: -70_000.5, tags: [] }, time: 4_000, mark: 4_500, sequence: 11 }),
  row({ key: 3n, value: [new Date(7), new Map([[1, new Set([true])]]), -0, '\ud800'], place: 'p1', sequence: 9 }),
  row({ key: false, value: undefined, time: 0.5, sequence: 12 }),
]

const firstRelease =
  'AQCVAQQEAAFhAgAAAAAAAACAAwEzBAABAgMCAAJwMAACcDEAAAEAAQAAAAAAiLNAAAAAAABAr0AAAAAAAECPQAAAAAAAAOA/ABQCAwYBAA' +
  'IAqEYBAAQVW1sidXNlciIsIm4iLCJ0YWdzIl1dLJRAosOkAZGheEChYsvA8RcIAAAAAJCVAJIEB5MCAZIDw5EFkgfEAgDY1AAA7RxfcA=='
