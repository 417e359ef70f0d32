import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chunksBySize, chunksOf } from '../../../src/backplane/redis/split.ts'

describe('cutting a list', () => {
  test('keeps all of it, in order, in pieces that are as large as they may be', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 20 }))
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 30 }), (list, most) => {
        const chunks = chunksBySize(list, (size) => size, most)
        expect(chunks.flat()).toEqual(list)
        for (const [i, chunk] of chunks.entries()) {
          const sum = chunk.reduce((total, size) => total + size, 0)
          expect(chunk.length === 1 || sum <= most).toBe(true)
          const next = chunks[i + 1]?.[0]
          if (next !== undefined) expect(sum + next).toBeGreaterThan(most)
        }
      }),
    )
  })

  test('by number leaves the rest in the last piece', () => {
    expect(chunksOf([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]])
  })
})
