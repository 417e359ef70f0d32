import { from, topology, type Stream } from '@millrace/core'
import { collecting, drive, scripted } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { forms, through, throughAll } from './support/through.ts'

const refuseTwo = (n: number): number => {
  if (n === 2) throw new Error('two')
  return n
}

describe.each(forms)('union as %s', (form) => {
  test('gives a record once for each branch it comes through', async () => {
    const steps = (events: Stream<number>): Stream<number> =>
      events.union(
        events.map((n) => n * 10),
        events.filter((n) => n > 1),
      )
    expect((await through(form, steps, [1, 2])).out.toSorted((a, b) => a - b)).toEqual([1, 2, 2, 10, 20])
  })

  test('gives a record of a stream that is named twice once', async () => {
    expect((await through(form, (events: Stream<number>) => events.union(events), [1, 2])).out).toEqual([1, 2])
  })

  test('gives the record through the other branches when one fails', async () => {
    const steps = (events: Stream<number>): Stream<string> => {
      const kept = events.map((n) => `kept ${n}`)
      return events
        .map(refuseTwo)
        .map((n) => `passed ${n}`)
        .union(kept)
    }
    const { out, dead } = await through(form, steps, [1, 2, 3])
    expect(out.toSorted()).toEqual(['kept 1', 'kept 2', 'kept 3', 'passed 1', 'passed 3'])
    expect(dead).toEqual(['events.map refused 2 of test:1: USER_CODE two'])
  })

  test('gives a dead letter for each branch that fails', async () => {
    const steps = (events: Stream<number>): Stream<number> =>
      events.map(refuseTwo, { name: 'a' }).union(events.map(refuseTwo, { name: 'b' }))
    expect((await through(form, steps, [2])).dead).toEqual([
      'a refused 2 of test:0: USER_CODE two',
      'b refused 2 of test:0: USER_CODE two',
    ])
  })

  test('joins two sources', async () => {
    const built = topology('two')
      .sources(() => ({ left: from(scripted<string>()), right: from(scripted<number>()) }))
      .build(({ left, right }) => ({ all: left.union(right).to(collecting<string | number>()) }))
    const driver = drive(built, { form })
    await driver.send('left', 'a')
    await driver.send('right', 1)
    await driver.send('left', 'b')
    expect((await driver.finish()).all).toEqual(['a', 1, 'b'])
  })

  test('writes a record to every sink of a stream', async () => {
    const { one, two } = await throughAll(
      form,
      (events: Stream<number>) => ({
        one: events.to(collecting()),
        two: events.filter((n) => n !== 2).to(collecting()),
      }),
      [1, 2, 3],
    )
    expect([one, two]).toEqual([
      [1, 2, 3],
      [1, 3],
    ])
  })
})
