import type { Stream } from '@millrace/core'
import { describe, expect, test } from 'vitest'
import { forms, through } from './support/through.ts'

describe.each(forms)('filter as %s', (form) => {
  test('keeps the records for which its predicate is true, in order', async () => {
    expect(
      (await through(form, (events: Stream<number>) => events.filter((n) => n % 2 === 1), [1, 2, 3, 4, 5])).out,
    ).toEqual([1, 3, 5])
  })

  test('passes on the very same object', async () => {
    const record = { n: 1 }
    const { out } = await through(form, (events: Stream<{ n: number }>) => events.filter(() => true), [record])
    expect(out[0]).toBe(record)
  })

  test('drops a record for which nothing is given back', async () => {
    const steps = (events: Stream<number>): Stream<number> =>
      events.filter((n) => (n > 1 ? true : (undefined as unknown as boolean)))
    expect((await through(form, steps, [1, 2])).out).toEqual([2])
  })

  test('makes a dead letter of a record whose predicate throws', async () => {
    const steps = (events: Stream<{ tags?: string[] }>): Stream<{ tags?: string[] }> =>
      events.filter(({ tags }) => (tags as string[]).length > 0)
    expect(await through(form, steps, [{ tags: ['a'] }, {}, { tags: [] }])).toEqual({
      out: [{ tags: ['a'] }],
      dead: [
        expect.stringMatching(/^events\.filter refused \{\} of test:1: USER_CODE Cannot read properties of undefined/),
      ],
    })
  })
})
