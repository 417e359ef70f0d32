import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ZstdFrames } from '../../src/reading/zstd-frames.ts'

const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])

test('finds where frames end, however the bytes come', () => {
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 20_000, size: 'max' }).map((bytes) => zstdCompressSync(bytes)),
    fc.nat(600_000).map((length) => zstdCompressSync(Buffer.alloc(length, 'ab'))),
    fc.constant(skippable),
  )
  fc.assert(
    fc.property(fc.array(content, { maxLength: 4 }), fc.integer({ min: 1, max: 70_000 }), (frames, size) => {
      const all = Buffer.concat(frames)
      const walker = new ZstdFrames()
      const ends: number[] = []
      for (let at = 0; at < all.length; at += size) {
        const piece = all.subarray(at, at + size)
        for (let from = 0; from < piece.length;) {
          from = walker.walk(piece, from)
          if (walker.isBetween) ends.push(at + from)
        }
      }
      let sum = 0
      expect(ends).toEqual(frames.map(({ length }) => (sum += length)))
    }),
    { numRuns: 40 },
  )
})

test('says whether a frame is cut short', () => {
  const walker = new ZstdFrames()
  walker.walk(zstdCompressSync('some text').subarray(0, -1), 0)
  expect(walker.isBetween).toBe(false)
})

test('lets through as a whole what is no frame', () => {
  expect(new ZstdFrames().walk(Buffer.from('garbage that is no frame'), 0)).toBe(24)
})
