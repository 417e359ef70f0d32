import { expect, test } from 'vitest'
import { decodeLetter, encodeLetter } from '../../../src/backplane/redis/letter-bytes.ts'

test('a dead letter comes back as it was', () => {
  const letter = {
    source: 'clicks',
    node: 'views',
    partition: 'ü',
    position: '1',
    code: 'LATE' as const,
    message: 'late',
    time: undefined,
    bytes: new Uint8Array([0, 255, 10]),
  }
  const bytes = encodeLetter(letter, 7, 1.5)
  expect(decodeLetter({ id: 3, state: 'redrive', bytes })).toEqual({
    ...letter,
    id: 3,
    state: 'redrive',
    seq: 7,
    at: 1.5,
  })
  expect(decodeLetter({ id: 3, state: 'stored', bytes: encodeLetter({ ...letter, time: 2 }, 7, 1) }).time).toBe(2)
})
