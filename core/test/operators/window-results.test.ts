import {
  count,
  from,
  session,
  sliding,
  topology,
  tumbling,
  type KeyedStream,
  type Stream,
  type WindowSpec,
} from '@millrace/core'
import { collecting, drive, scripted } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import type { Form } from '../../src/state/code.ts'
import { forms, told } from './support/through.ts'
import { rec, timed, type Rec } from './support/windowed.ts'

interface Trip {
  readonly city: string
  readonly year: number
  readonly at: number
  readonly km: number
}

const trip = (at: number, city: string, year: number, km: number): Trip => ({ at, city, year, km })
const trips = [trip(1, 'Ulm', 7, 3), trip(2, 'Ulm', 8, 5), trip(3, 'Bonn', 7, 1), trip(4, 'Ulm', 7, 2)]

async function run<R>(
  form: Form,
  steps: (trips: Stream<Trip>) => Stream<R>,
  values: readonly Trip[] = trips,
): Promise<readonly R[]> {
  const built = topology('trips')
    .sources(() => ({ trips: from(scripted<Trip>(), { ...timed, outOfOrderness: 20 }) }))
    .build((inputs) => ({ out: steps(inputs.trips).to(collecting<R>()) }))
  const driver = drive(built, { form })
  await driver.send('trips', ...values)
  return (await driver.finish()).out as readonly R[]
}

describe.each(forms)('what windows emit, as %s', (form) => {
  const window = { start: 0, end: 10 }

  test('names the field of the key', async () => {
    const out = await run(form, (events) => events.keyBy('city').window(tumbling(10)).aggregate({ n: count() }))
    expect(out).toEqual([
      { city: 'Ulm', ...window, n: 3 },
      { city: 'Bonn', ...window, n: 1 },
    ])
    expect(Object.keys(out[0] ?? {})).toEqual(['city', 'start', 'end', 'n'])
  })

  test('names the fields of the key, with their types', async () => {
    const out = await run(form, (events) =>
      events.keyBy(['city', 'year']).window(tumbling(10)).aggregate({ n: count() }),
    )
    expect(out).toEqual([
      { city: 'Ulm', year: 7, ...window, n: 2 },
      { city: 'Ulm', year: 8, ...window, n: 1 },
      { city: 'Bonn', year: 7, ...window, n: 1 },
    ])
    expect(Object.keys(out[0] ?? {})).toEqual(['city', 'year', 'start', 'end', 'n'])
  })

  test('calls key what a function gave', async () => {
    const out = await run(form, (events) =>
      events
        .keyBy(({ year }) => year % 2 === 0)
        .window(tumbling(10))
        .aggregate({ n: count() }),
    )
    expect(out).toEqual([
      { key: false, ...window, n: 3 },
      { key: true, ...window, n: 1 },
    ])
  })

  test('has no key for a window over everything', async () => {
    expect(await run(form, (events) => events.windowAll(tumbling(10)).aggregate({ n: count() }))).toEqual([
      { ...window, n: 4 },
    ])
  })

  test('is a plain object, also with the results of odd names', async () => {
    const [first] = await run(form, (events) =>
      events.windowAll(tumbling(10)).aggregate({ constructor: count(), "a'b": count(), hasOwnProperty: count() }),
    )
    expect(Object.getPrototypeOf(first)).toBe(Object.prototype)
    expect(Object.entries(first ?? {})).toEqual([
      ['start', 0],
      ['end', 10],
      ['constructor', 4],
      ["a'b", 4],
      ['hasOwnProperty', 4],
    ])
  })

  const specs: readonly WindowSpec[] = [tumbling(10), sliding({ size: 10, every: 5 }), session({ gap: 6 })]
  const full = (fired: readonly object[]): object | undefined =>
    fired.find((result) => 'value' in result && (result.value as Trip).km === 6)

  test.each(specs)('is the fold of its records, for %o', async (spec) => {
    const longest = (keyed: KeyedStream<Trip, string, { city: string }>) =>
      keyed.window(spec).reduce((a, b) => ({ ...a, km: a.km + b.km }))
    const values = [trip(1, 'Ulm', 7, 3), trip(4, 'Ulm', 8, 2), trip(2, 'Bonn', 7, 1), trip(3, 'Ulm', 7, 1)]
    const out = await run(form, (events) => longest(events.keyBy('city')), values)
    expect(full(out)).toMatchObject({ city: 'Ulm', value: { city: 'Ulm', km: 6 } })
    expect(out.filter(({ city }) => city === 'Bonn').map(({ value }) => value.km)).toEqual(
      spec.kind === 'sliding' ? [1, 1] : [1],
    )
  })

  test.each(specs)('is all that a function makes of its records, in order of time, for %o', async (spec) => {
    const values = [trip(4, 'Ulm', 7, 4), trip(1, 'Ulm', 7, 1), trip(3, 'Ulm', 7, 3), trip(3, 'Ulm', 7, 3.5)]
    const out = await run(
      form,
      (events) =>
        events
          .keyBy('city')
          .window(spec)
          .process((held, { city, start, end }) => [`${city} ${start}–${end}`, ...held.map(({ km }) => km)]),
      values,
    )
    expect(out.slice(-5)).toEqual([
      { tumbling: 'Ulm 0–10', sliding: 'Ulm 0–10', session: 'Ulm 1–10' }[spec.kind],
      1,
      3,
      3.5,
      4,
    ])
  })

  test('is at the last instant of the window', async () => {
    const out = await run(form, (events) =>
      events
        .windowAll(session({ gap: 7 }), { name: 'sessions' })
        .aggregate({ n: count() })
        .windowAll(tumbling(1), { name: 'instants' })
        .aggregate({ n: count() }),
    )
    expect(out).toEqual([{ start: 10, end: 11, n: 1 }])
  })

  test('is a dead letter with the key and the bounds when it cannot be made', async () => {
    const built = topology('failing')
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events }) => {
        const failing = events
          .keyBy(['key', 'n'])
          .window(tumbling(10), { name: 'failing' })
          .process(() => {
            throw new Error('no result')
          })
        return { out: failing.to(collecting()) }
      })
    const driver = drive(built, { form })
    await driver.send('events', rec(1, 'a', 2), rec(2, 'b', 3))
    expect((await driver.finish()).deadLetters.map(told)).toEqual([
      'failing refused {"key":"st1:anu1:2","start":0,"end":10} of failing:st1:anu1:2@0: USER_CODE no result',
      'failing refused {"key":"st1:bnu1:3","start":0,"end":10} of failing:st1:bnu1:3@0: USER_CODE no result',
    ])
  })

  test('stops the job when it cannot be made and the window says to fail', async () => {
    const built = topology('failing')
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events }) => {
        const failing = events
          .keyBy('key')
          .window(tumbling(10), { onError: 'fail' })
          .process(() => {
            throw new Error('no result')
          })
        return { out: failing.to(collecting()) }
      })
    const driver = drive(built, { form })
    await driver.send('events', rec(1))
    await expect(driver.finish()).rejects.toMatchObject({ code: 'USER_CODE', node: 'events.window', position: 'a@0' })
  })
})
