import type { Stream } from '@millrace/core'
import { describe, expect, test } from 'vitest'
import { forms, through } from './support/through.ts'

interface Rec {
  readonly a: unknown
  readonly b?: unknown
}

interface Keyed {
  readonly a: string
  readonly b: string
}

/** How often each key came, by a field whose type the compiler does not know. */
const counted = (events: Stream<Rec>): Stream<unknown> =>
  (events as Stream<Keyed>).keyBy('a').reduce(
    () => 0,
    (n) => n + 1,
  )

describe.each(forms)('keyBy as %s', (form) => {
  test('groups by a field', async () => {
    expect((await through(form, counted, [{ a: 'x' }, { a: 'y' }, { a: 'x' }])).out).toEqual([
      { a: 'x', value: 1 },
      { a: 'y', value: 1 },
      { a: 'x', value: 2 },
    ])
  })

  test('groups by several fields, which keep their types', async () => {
    const steps = (events: Stream<Rec>): Stream<unknown> =>
      (events as Stream<Keyed>).keyBy(['a', 'b']).reduce(
        () => 0,
        (n) => n + 1,
      )
    const values = [
      { a: 'x', b: 1 },
      { a: 'x', b: '1' },
      { a: 'x', b: 1 },
      { a: true, b: 10n },
    ]
    expect((await through(form, steps, values)).out).toEqual([
      { a: 'x', b: 1, value: 1 },
      { a: 'x', b: '1', value: 1 },
      { a: 'x', b: 1, value: 2 },
      { a: true, b: 10n, value: 1 },
    ])
  })

  test('groups by what a function gives, which results call key', async () => {
    const steps = (events: Stream<string>): Stream<unknown> =>
      events
        .keyBy((text) => text.length)
        .reduce(
          () => '',
          (all, text) => all + text,
        )
    expect((await through(form, steps, ['a', 'bc', 'd'])).out).toEqual([
      { key: 1, value: 'a' },
      { key: 2, value: 'bc' },
      { key: 1, value: 'ad' },
    ])
  })

  test('keeps 1, "1", true and 1n apart, and "true" from true', async () => {
    const values = [1, '1', true, 1n, 'true', 1, '1', true, 1n, 'true'].map((a) => ({ a }))
    expect((await through(form, counted, values)).out).toEqual(values.map(({ a }, i) => ({ a, value: i < 5 ? 1 : 2 })))
  })

  test('takes 0 and −0 for one key, which is 0', async () => {
    expect((await through(form, counted, [{ a: -0 }, { a: 0 }])).out).toEqual([
      { a: 0, value: 1 },
      { a: 0, value: 2 },
    ])
  })

  test('takes empty text, false and infinities for keys', async () => {
    const values = ['', false, Infinity, -Infinity].map((a) => ({ a }))
    expect((await through(form, counted, values)).out).toEqual(values.map(({ a }) => ({ a, value: 1 })))
  })

  const bad = [
    ['missing', {}, 'the key is missing'],
    ['undefined', { a: undefined }, 'the key is missing'],
    ['null', { a: null }, 'the key is null'],
    ['NaN', { a: NaN }, 'the key is NaN'],
    ['an object', { a: {} }, 'the key is of type object'],
    ['an array', { a: ['x'] }, 'the key is of type object'],
    ['a Date', { a: new Date(0) }, 'the key is of type object'],
    ['a function', { a: () => 'x' }, 'the key is of type function'],
    ['a symbol', { a: Symbol('x') }, 'the key is of type symbol'],
  ] as const

  test.each(bad)(
    'refuses a record whose key is %s, as a field, as one of several, and from a function',
    async (_, record, why) => {
      const values = [{ a: 'x' }, record as Rec, { a: 'x' }]
      const message = expect.stringMatching(
        new RegExp(`^events.keyBy refused .* of test:1: BAD_KEY ${why}; a key is a string, number, bigint or boolean$`),
      )
      const byField = await through(form, counted, values)
      expect([byField.out, byField.dead]).toEqual([[1, 2].map((value) => ({ a: 'x', value })), [message]])
      const byFields = await through(
        form,
        (events: Stream<Rec>) =>
          (events as Stream<Keyed>).keyBy(['a']).reduce(
            () => 0,
            (n) => n + 1,
          ),
        values,
      )
      expect([byFields.out, byFields.dead]).toEqual([[1, 2].map((value) => ({ a: 'x', value })), [message]])
      const byFunction = await through(
        form,
        (events: Stream<Rec>) =>
          events
            .keyBy(({ a }) => a as string)
            .reduce(
              () => 0,
              (n) => n + 1,
            ),
        values,
      )
      expect([byFunction.out, byFunction.dead]).toEqual([[1, 2].map((value) => ({ key: 'x', value })), [message]])
    },
  )

  test('refuses a record that is no object', async () => {
    const { out, dead } = await through(form, counted, [null, { a: 'x' }, undefined] as unknown as Rec[])
    expect(out).toEqual([{ a: 'x', value: 1 }])
    expect(dead).toEqual([
      expect.stringMatching(/^events\.keyBy refused null of test:0: USER_CODE/),
      expect.stringMatching(/^events\.keyBy refused undefined of test:2: USER_CODE/),
    ])
  })

  test('reads no text out of a field name', async () => {
    const name = "a'];throw new Error(`out`);//\n${}"
    const steps = (events: Stream<Rec>): Stream<unknown> =>
      (events as Stream<Keyed>).keyBy(name as 'a').reduce(
        () => 0,
        (n) => n + 1,
      )
    expect(await through(form, steps, [{ a: 'y', [name]: 'x' }])).toEqual({
      out: [{ [name]: 'x', value: 1 }],
      dead: [],
    })
  })
})
