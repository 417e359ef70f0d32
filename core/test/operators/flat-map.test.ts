import type { Stream } from '@millrace/core'
import { describe, expect, test } from 'vitest'
import { forms, through } from './support/through.ts'

function* upTo(n: number): Iterable<number> {
  for (let i = 1; i <= n; i++) yield i
}

describe.each(forms)('flatMap as %s', (form) => {
  test('makes any number of records of one, in order', async () => {
    expect(
      (
        await through(
          form,
          (events: Stream<number>) => events.flatMap((n) => Array.from({ length: n }, (_, i) => `${n}.${i}`)),
          [2, 0, 1],
        )
      ).out,
    ).toEqual(['2.0', '2.1', '1.0'])
  })

  test('takes a generator, a Set and a string for what they iterate over', async () => {
    const kinds: readonly Iterable<unknown>[] = [upTo(2), new Set(['a']), 'bc']
    expect(
      (await through(form, (events: Stream<number>) => events.flatMap((n) => kinds[n] ?? []), [0, 1, 2])).out,
    ).toEqual([1, 2, 'a', 'b', 'c'])
  })

  test('emits nothing of a generator that throws half way', async () => {
    const steps = (events: Stream<number>): Stream<number> =>
      events.flatMap(function* (n) {
        yield n
        if (n === 2) throw new Error('half way')
        yield n
      })
    expect(await through(form, steps, [1, 2, 3])).toEqual({
      out: [1, 1, 3, 3],
      dead: ['events.flatMap refused 2 of test:1: USER_CODE half way'],
    })
  })

  test('makes a dead letter of a record for which it gets nothing to iterate over', async () => {
    const { out, dead } = await through(
      form,
      (events: Stream<number>) => events.flatMap((n) => (n === 2 ? undefined : [n]) as number[]),
      [1, 2, 3],
    )
    expect(out).toEqual([1, 3])
    expect(dead).toEqual([expect.stringMatching(/^events\.flatMap refused 2 of test:1: USER_CODE .*not iterable/)])
  })

  test('passes the other items on when one fails further down, and gives each failure a letter', async () => {
    const odd = (n: number): number => {
      if (n % 2 === 0) throw new Error(`${n} is even`)
      return n
    }
    expect(await through(form, (events: Stream<number>) => events.flatMap(upTo).map(odd), [5])).toEqual({
      out: [1, 3, 5],
      dead: [
        'events.map refused 5 of test:0: USER_CODE 2 is even',
        'events.map refused 5 of test:0: USER_CODE 4 is even',
      ],
    })
  })

  test('passes the other items on when one is filtered out, however deep it is nested', async () => {
    const steps = (events: Stream<number>): Stream<string> =>
      events
        .flatMap(upTo)
        .filter((n) => n !== 2)
        .flatMap((n) => [`${n}a`, `${n}b`])
        .filter((text) => text !== '1a')
    expect((await through(form, steps, [3, 1])).out).toEqual(['1b', '3a', '3b', '1b'])
  })

  test('takes an array as it is when it is returned', async () => {
    const list = [1, 2]
    const steps = (events: Stream<number>): Stream<number> =>
      events
        .flatMap(() => list)
        .tap((n) => {
          if (n === 2) list.length = 0
        })
    expect((await through(form, steps, [0])).out).toEqual([1, 2])
  })
})
