import type { Stream } from '@millrace/core'
import { describe, expect, test } from 'vitest'
import { forms, through } from './support/through.ts'

describe.each(forms)('map as %s', (form) => {
  test('makes one record of another, in order', async () => {
    expect(await through(form, (events: Stream<number>) => events.map((n) => n * 2), [1, 2, 3])).toEqual({
      out: [2, 4, 6],
      dead: [],
    })
  })

  test('passes on what it is given back, undefined and null included', async () => {
    const { out } = await through(
      form,
      (events: Stream<number>) => events.map((n) => [undefined, null, NaN, ''][n]),
      [0, 1, 2, 3],
    )
    expect(out).toEqual([undefined, null, NaN, ''])
  })

  test('gives its function one argument', async () => {
    const { out } = await through(form, (events: Stream<number>) => events.map((...all: unknown[]) => all.length), [1])
    expect(out).toEqual([1])
  })

  test('makes a dead letter of a record that throws, and leaves its neighbours alone', async () => {
    const parse = (text: string): number => JSON.parse(text) as number
    const { out, dead } = await through(form, (events: Stream<string>) => events.map(parse), ['1', '{', '3'])
    expect(out).toEqual([1, 3])
    expect(dead).toEqual([
      expect.stringMatching(/^events\.map refused "\{" of test:1: USER_CODE Expected property name/),
    ])
  })

  test('says which of two steps threw', async () => {
    const boom = (n: number): number => {
      if (n === 1) throw new Error('boom')
      return n
    }
    const steps = (events: Stream<number>): Stream<number> =>
      events
        .map((n) => n - 1, { name: 'first' })
        .map(boom, { name: 'second' })
        .map((n) => n, { name: 'third' })
    expect((await through(form, steps, [1, 2, 3])).dead).toEqual(['second refused 2 of test:1: USER_CODE boom'])
  })

  test.each([
    ['a string', 'no', 'no'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a number', 7, '7'],
    ['a symbol', Symbol('odd'), 'Symbol(odd)'],
    ['an object without a prototype', Object.create(null), 'what was thrown cannot be shown'],
  ])('makes a dead letter when what is thrown is %s', async (_, thrown, message) => {
    const steps = (events: Stream<number>): Stream<number> =>
      events.map((n) => {
        if (n === 2) throw thrown
        return n
      })
    expect(await through(form, steps, [1, 2, 3])).toEqual({
      out: [1, 3],
      dead: [`events.map refused 2 of test:1: USER_CODE ${message}`],
    })
  })

  test('drops a record that throws without a letter when told to skip', async () => {
    const steps = (events: Stream<number>): Stream<number> =>
      events.map(
        (n) => {
          if (n === 2) throw new Error('boom')
          return n
        },
        { onError: 'skip' },
      )
    expect(await through(form, steps, [1, 2, 3])).toEqual({ out: [1, 3], dead: [] })
  })

  test('stops with the node, partition and position when told to fail', async () => {
    const steps = (events: Stream<number>): Stream<number> =>
      events.map(
        (n) => {
          if (n === 2) throw new RangeError('boom')
          return n
        },
        { onError: 'fail', name: 'strict' },
      )
    await expect(through(form, steps, [1, 2, 3])).rejects.toMatchObject({
      code: 'USER_CODE',
      node: 'strict',
      partition: 'test',
      position: '1',
      message: "strict: boom (partition test, position 1; onError is 'fail')",
      cause: new RangeError('boom'),
    })
  })
})
