import { expect, test } from 'vitest'
import { Beginning } from '../../src/worker/beginning.ts'

const list = (...ids: string[]) => ({ partitions: ids.map((id) => ({ id })), final: false })

test('what is listed first begins where the options say, and what comes later at its start', () => {
  const beginning = new Beginning()
  beginning.begin(1_000)
  beginning.begin(2_000)
  beginning.list(list('a', 'b'))
  beginning.list(list('a', 'b', 'c'))
  expect(beginning.at).toBe(1_000)
  expect(['a', 'b', 'c'].map((id) => beginning.includes(id))).toEqual([true, true, false])
})

test('is kept until all have a position, and goes on in the next process', () => {
  const beginning = new Beginning()
  expect(beginning.stored(new Set())).toBeUndefined()
  beginning.begin(1_000)
  expect(beginning.stored(new Set())).toEqual({ at: 1_000 })
  const second = new Beginning()
  second.restore({ at: 1_000 })
  second.begin(2_000)
  second.list(list('a', 'b'))
  expect(second.stored(new Set('a'))).toEqual({ at: 1_000, partitions: ['b'] })
  const third = new Beginning()
  third.restore({ at: 1_000, partitions: ['b'] })
  third.begin(3_000)
  third.list(list('a', 'b', 'c'))
  expect(third.at).toBe(1_000)
  expect(['b', 'c'].map((id) => third.includes(id))).toEqual([true, false])
  expect(third.stored(new Set('ab'))).toBeUndefined()
})

test('a source whose first partitions are all known has begun', () => {
  const beginning = new Beginning()
  beginning.restore(undefined)
  beginning.begin(1_000)
  beginning.list(list('a'))
  expect([beginning.at, beginning.includes('a'), beginning.stored(new Set())]).toEqual([undefined, false, undefined])
})
