import type { Stream } from '@millrace/core'
import { describe, expect, test } from 'vitest'
import { forms, through } from './support/through.ts'

describe.each(forms)('tap as %s', (form) => {
  test('shows each record and passes it on, whatever the function gives back', async () => {
    const seen: number[] = []
    const { out } = await through(
      form,
      (events: Stream<number>) => events.tap((n) => void seen.push(n)).tap(() => false),
      [1, 2, 3],
    )
    expect([out, seen]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ])
  })

  test('keeps back a record that it throws for', async () => {
    const steps = (events: Stream<number>): Stream<number> =>
      events.tap((n) => {
        if (n === 2) throw new Error('no')
      })
    expect(await through(form, steps, [1, 2, 3])).toEqual({
      out: [1, 3],
      dead: ['events.tap refused 2 of test:1: USER_CODE no'],
    })
  })
})
