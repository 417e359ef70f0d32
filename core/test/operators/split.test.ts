import type { Stream } from '@millrace/core'
import { collecting } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { forms, throughAll } from './support/through.ts'

describe.each(forms)('split as %s', (form) => {
  test('sends each record to the first branch whose predicate is true, and the others to the rest', async () => {
    const steps = (events: Stream<number>) => {
      const { small, even, rest } = events.split({ small: (n) => n < 3, even: (n) => n % 2 === 0 })
      return { small: small.to(collecting()), even: even.to(collecting()), rest: rest.to(collecting()) }
    }
    expect(await throughAll(form, steps, [1, 2, 3, 4, 5, 6])).toEqual({
      small: [1, 2],
      even: [4, 6],
      rest: [3, 5],
      dead: [],
    })
  })

  test('drops what is left when nobody reads the rest', async () => {
    const steps = (events: Stream<number>) => ({ small: events.split({ small: (n) => n < 3 }).small.to(collecting()) })
    expect(await throughAll(form, steps, [1, 2, 3])).toEqual({ small: [1, 2], dead: [] })
  })

  test('asks no predicate after the one that took the record', async () => {
    const asked: string[] = []
    const ask = (name: string, least: number) => (n: number) => {
      asked.push(`${name} ${n}`)
      return n >= least
    }
    const steps = (events: Stream<number>) => {
      const { big, medium } = events.split({ big: ask('big', 10), medium: ask('medium', 5) })
      return { big: big.to(collecting()), medium: medium.to(collecting()) }
    }
    await throughAll(form, steps, [10, 7])
    expect(asked).toEqual(['big 10', 'big 7', 'medium 7'])
  })

  test('makes a dead letter of a record whose predicate throws, and gives it to no branch', async () => {
    const steps = (events: Stream<number>) => {
      const odd = (n: number): boolean => {
        if (n === 2) throw new Error('two')
        return n % 2 === 1
      }
      const { small, odds, rest } = events.split({ small: (n) => n < 2, odds: odd }, { name: 'router' })
      return { small: small.to(collecting()), odds: odds.to(collecting()), rest: rest.to(collecting()) }
    }
    expect(await throughAll(form, steps, [1, 2, 3, 4])).toEqual({
      small: [1],
      odds: [3],
      rest: [4],
      dead: ['router refused 2 of test:1: USER_CODE two'],
    })
  })

  test('blames the step behind a branch for what that throws', async () => {
    const steps = (events: Stream<number>) => {
      const { small, rest } = events.split({ small: (n) => n < 2 })
      const boom = (n: number): number => {
        throw new Error(`boom ${n}`)
      }
      return {
        small: small.map(boom, { name: 'left' }).to(collecting()),
        rest: rest.map(boom, { name: 'right' }).to(collecting()),
      }
    }
    expect((await throughAll(form, steps, [1, 2])).dead).toEqual([
      'left refused 1 of test:0: USER_CODE boom 1',
      'right refused 2 of test:1: USER_CODE boom 2',
    ])
  })

  test('lets a branch be read by several steps', async () => {
    const steps = (events: Stream<number>) => {
      const { small } = events.split({ small: (n) => n < 3 })
      return { one: small.to(collecting()), two: small.map((n) => -n).to(collecting()) }
    }
    expect(await throughAll(form, steps, [1, 2, 3])).toEqual({ one: [1, 2], two: [-1, -2], dead: [] })
  })
})
