import { count, from, topology, tumbling, type Stream } from '@millrace/core'
import { at, collecting, drive, scripted } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { forms } from '../operators/support/through.ts'
import { rec, timed, type Rec } from '../operators/support/windowed.ts'

describe.each(forms)('event times, as %s', (form) => {
  const windows = (events: Stream<Rec>) => events.windowAll(tumbling(10)).aggregate({ n: count() })

  const built = topology('times')
    .sources(() => ({ events: from(scripted<Rec>(), { ...timed, maxAhead: '1h' }) }))
    .build(({ events }) => ({ windows: windows(events).to(collecting()) }))

  test.each([
    ['NaN', NaN],
    ['negative', -1],
    ['infinite', Infinity],
    ['minus infinite', -Infinity],
    ['missing', undefined],
    ['null', null],
    ['text', '12'],
    ['a bigint', 12n],
    ['a Date of no time', new Date(NaN)],
    ['a Date before 1970', new Date(-1)],
    ['an object', {}],
    ['in the year 9999', Date.UTC(9999, 0)],
    ['a ms past maxAhead', 3_600_013],
  ])('make a dead letter without time when they are %s, and do not move the watermark', async (_, bad) => {
    const driver = drive(built, { form })
    await driver.send('events', at(12, rec(11)), at(12, { ...rec(0), at: bad } as unknown as Rec), at(13, rec(12)))
    const { windows: fired, deadLetters } = await driver.finish()
    expect(fired).toEqual([{ start: 10, end: 20, n: 2 }])
    expect(deadLetters).toMatchObject([{ code: 'BAD_TIME', node: 'events', position: '1', time: undefined }])
  })

  test('that no Date can hold make a dead letter, even if nothing is known of the arrival', async () => {
    const driver = drive(built, { form })
    await driver.send('events', rec(11), rec(Infinity), rec(8.64e15 + 1), rec(12))
    const { windows: fired, deadLetters } = await driver.finish()
    expect(fired).toEqual([{ start: 10, end: 20, n: 2 }])
    expect(deadLetters).toMatchObject([{ code: 'BAD_TIME' }, { code: 'BAD_TIME' }])
  })

  test('may lie as far ahead as maxAhead says, to the ms', async () => {
    const driver = drive(built, { form })
    await driver.send('events', at(12, rec(3_600_012)))
    expect(await driver.finish()).toEqual({ windows: [{ start: 3_600_010, end: 3_600_020, n: 1 }], deadLetters: [] })
  })

  test('may be a Date, and −0 is 0', async () => {
    const driver = drive(built, { form })
    await driver.send('events', { ...rec(0), at: new Date(3) } as unknown as Rec, rec(-0))
    expect((await driver.finish()).windows).toEqual([{ start: 0, end: 10, n: 2 }])
    const sessions = drive(built, { form })
    await sessions.send('events', rec(-0))
    expect((await sessions.finish()).windows).toEqual([{ start: 0, end: 10, n: 1 }])
  })

  test('come from a function, which is given the metadata when it asks for it', async () => {
    const custom = topology('times')
      .sources(() => ({
        events: from(scripted<{ offset: number }>(), { eventTime: ({ offset }, { arrival }) => arrival + offset }),
      }))
      .build(({ events }) => ({ windows: events.windowAll(tumbling(10)).aggregate({ n: count() }).to(collecting()) }))
    const driver = drive(custom, { form })
    await driver.send('events', at(100, { offset: 1 }), at(100, { offset: 20 }))
    expect((await driver.finish()).windows).toMatchObject([{ start: 100 }, { start: 120 }])
  })

  test('make a dead letter when their function throws, or the record is none', async () => {
    const custom = topology('times')
      .sources(() => ({
        events: from(scripted<Rec>(), { eventTime: ({ n }) => JSON.parse(String(n)) as number }),
        field: from(scripted<Rec>(), timed),
      }))
      .build(({ events, field }) => ({
        windows: events.union(field).windowAll(tumbling(10)).aggregate({ n: count() }).to(collecting()),
      }))
    const driver = drive(custom, { form })
    await driver.send('events', rec(0, 'a', NaN), rec(0, 'a', 5))
    await driver.send('field', null as unknown as Rec)
    const { windows: fired, deadLetters } = await driver.finish()
    expect(fired).toEqual([{ start: 0, end: 10, n: 1 }])
    expect(deadLetters).toMatchObject([
      { code: 'USER_CODE', node: 'events', time: undefined },
      { code: 'USER_CODE', node: 'field', time: undefined },
    ])
  })

  test('are the arrival where none is given', async () => {
    const plain = topology('times')
      .sources(() => ({ events: from(scripted<string>()) }))
      .build(({ events }) => ({ windows: events.windowAll(tumbling(10)).aggregate({ n: count() }).to(collecting()) }))
    const driver = drive(plain, { form })
    await driver.send('events', at(3, 'x'), at(14, 'y'), 'z')
    expect((await driver.finish()).windows).toEqual([
      { start: 0, end: 10, n: 1 },
      { start: 10, end: 20, n: 2 },
    ])
  })
})
