import { aggregateOf, collect, count, from, session, topology, tumbling, type Stream } from '@millrace/core'
import { checkpoint, collecting, crash, drive, scripted } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { feed } from '../engine/support/feed.ts'
import { forms, told } from './support/through.ts'
import { driveWindowed, mergedOnly, rec, timed, windowed, type Rec } from './support/windowed.ts'

const spec = session({ gap: 10 })

describe.each(forms)('session windows as %s', (form) => {
  test('hold the records of a key that are no further apart than the gap', async () => {
    const driver = driveWindowed(form, spec)
    await driver.send('events', rec(1), rec(5), rec(14), rec(24), rec(30), rec(60))
    expect((await driver.finish()).fired).toEqual(['a 1–24: 3 of 3', 'a 24–40: 2 of 2', 'a 60–70: 1 of 1'])
  })

  test('keep keys apart, and fire in order of their ends', async () => {
    const driver = driveWindowed(form, spec)
    await driver.send('events', rec(1), rec(2, 'b'), rec(9), rec(40, 'c'))
    expect(driver.committed().fired).toEqual(['b 2–12: 1 of 1', 'a 1–19: 2 of 2'])
  })

  test('become one when a record lies between them', async () => {
    const driver = driveWindowed(form, spec, {}, { outOfOrderness: 20 })
    await driver.send('events', rec(1, 'a', 1), rec(15, 'a', 2), rec(8, 'a', 4))
    expect((await driver.finish()).fired).toEqual(['a 1–25: 3 of 7'])
  })

  test('become one when one that has fired is changed and met by a third in one batch', () => {
    const records = [rec(10, 'a', 1), rec(22, 'a', 2), rec(45, 'b')]
    const graph = windowed(spec, { allowedLateness: 40 }).graph({})
    // Both have fired at 45. Then the second changes, and a record makes one of both.
    const { outputs } = feed(
      graph,
      { p: [...records, rec(22, 'a', 4), rec(16, 'a', 8)] },
      [{ read: 'p', records: 3 }],
      form,
    )
    expect(outputs['fired']).toEqual(['a 10–20: 1 of 1', 'a 22–32: 1 of 2', 'a 10–32: 4 of 15', 'b 45–55: 1 of 1'])
  })

  test('become one of three', async () => {
    const driver = drive(mergedOnly(spec, {}, { outOfOrderness: 50 }), { form })
    await driver.send('events', rec(33, 'a', 3), rec(1, 'a', 1), rec(17, 'a', 2), rec(9, 'a', 4), rec(25, 'a', 5))
    expect((await driver.finish()).fired).toEqual(['a 1–43: 1 2 3 4 5'])
  })

  test('fire again when a record extends one that has fired', async () => {
    const driver = driveWindowed(form, spec, { allowedLateness: 50 })
    await driver.send('events', rec(1), rec(40, 'b'), rec(9), rec(100, 'b'))
    expect(driver.committed().fired).toEqual(['a 1–11: 1 of 1', 'a 1–19: 2 of 2', 'b 40–50: 1 of 1'])
  })

  test('fire at their new end when a record extends one that has fired past the watermark', async () => {
    const script = [rec(1), rec(12, 'b'), rec(10, 'a', 2)]
    const once = driveWindowed(form, spec, { allowedLateness: 50 })
    await once.send('events', ...script)
    expect(once.committed().fired).toEqual(['a 1–11: 1 of 1'])
    await once.send('events', rec(20, 'b'))
    expect(once.committed().fired).toEqual(['a 1–11: 1 of 1', 'a 1–20: 2 of 3'])
  })

  test('fire at their new end after a restart too', async () => {
    const driver = driveWindowed(form, spec, { allowedLateness: 50 })
    await driver.send('events', rec(1), rec(12, 'b'), rec(10, 'a', 2))
    await driver.send('events', crash(), rec(20, 'b'))
    expect(driver.committed().fired).toEqual(['a 1–11: 1 of 1', 'a 1–20: 2 of 3'])
  })

  test('feed a second window of event time after a restart', async () => {
    const build = topology('twice')
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events }) => {
        const sessions = events
          .keyBy('key')
          .window(spec, { name: 'sessions', allowedLateness: 50 })
          .aggregate({ n: count() })
        return {
          ends: sessions.windowAll(tumbling(10), { name: 'ends' }).aggregate({ sessions: count() }).to(collecting()),
        }
      })
    const script = (incident: boolean) => [
      rec(1),
      rec(12, 'b'),
      rec(10, 'a', 2),
      ...(incident ? [checkpoint(), crash()] : []),
      rec(21, 'b'),
      rec(40, 'b'),
      rec(80, 'b'),
    ]
    const undisturbed = drive(build, { form })
    await undisturbed.send('events', ...script(false))
    const restarted = drive(build, { form })
    await restarted.send('events', ...script(true))
    expect(await restarted.finish()).toEqual(await undisturbed.finish())
  })

  test('send a record to late when its own end and the allowed lateness have passed', async () => {
    const driver = driveWindowed(form, spec, { allowedLateness: 5 })
    await driver.send('events', rec(100), rec(86, 'b'), rec(85, 'b'))
    const { late, fired } = await driver.finish()
    expect([late, fired]).toEqual([[rec(85, 'b')], ['b 86–96: 1 of 1', 'a 100–110: 1 of 1']])
  })

  test('are as they were when a record cannot be added', async () => {
    const picky = aggregateOf({
      version: 1,
      init: () => '',
      add(all: string, { n }: Rec) {
        if (n < 0) throw new Error(`${n} is refused`)
        return all + n
      },
      merge: (all: string, others: string) => all + others,
      result: (all: string) => all,
    })
    const built = topology('picky')
      .sources(() => ({ events: from(scripted<Rec>(), { ...timed, outOfOrderness: 50 }) }))
      .build(({ events }) => ({
        fired: events.keyBy('key').window(spec).aggregate({ n: count(), picky }).to(collecting()),
      }))
    const driver = drive(built, { form })
    // Alone, it would open a session; in between, make one of two; behind, extend one.
    await driver.send('events', rec(1, 'b', -1), rec(1, 'a', 1), rec(15, 'a', 2), rec(8, 'a', -2), rec(24, 'a', -3))
    const { fired, deadLetters } = await driver.finish()
    expect(fired).toEqual([
      { key: 'a', start: 1, end: 11, n: 1, picky: '1' },
      { key: 'a', start: 15, end: 25, n: 1, picky: '2' },
    ])
    expect(deadLetters.map(told)).toEqual([-1, -2, -3].map((n) => expect.stringContaining(`USER_CODE ${n} is refused`)))
  })

  test('hand their records to a function in order', async () => {
    const built = topology('contents')
      .sources(() => ({ events: from(scripted<Rec>(), { ...timed, outOfOrderness: 50 }) }))
      .build(({ events }) => {
        const sessions = events.keyBy('key').window(spec)
        return {
          processed: sessions
            .process((values, window) => [{ ...window, ns: values.map(({ n }) => n) }])
            .to(collecting()),
          collected: events
            .windowAll(spec, { name: 'all' })
            .aggregate({ all: collect<Rec>() })
            .map(({ all }) => all.map(({ n }) => n))
            .to(collecting()),
        }
      })
    const driver = drive(built, { form })
    await driver.send('events', rec(9, 'a', 3), rec(1, 'a', 1), rec(5, 'a', 2))
    expect(await driver.finish()).toMatchObject({
      processed: [{ key: 'a', start: 1, end: 19, ns: [1, 2, 3] }],
      collected: [[1, 2, 3]],
    })
  })
})

describe.each(forms)('early firings of session windows as %s', (form) => {
  test('come every so many records of a key', async () => {
    const driver = driveWindowed(form, spec, { early: { every: 2 } })
    await driver.send('events', rec(1), rec(2), rec(3, 'b'), rec(4), rec(5), rec(100))
    expect(driver.committed().fired).toEqual(['a 1–12: 2 of 2', 'a 1–15: 4 of 4', 'b 3–13: 1 of 1', 'a 1–15: 4 of 4'])
  })

  test('come as processing time passes, for what changed', async () => {
    const driver = driveWindowed(form, spec, { early: '1m' })
    await driver.send('events', rec(1), rec(2, 'b'))
    await driver.advance('1s')
    expect(driver.committed().fired).toEqual(['a 1–11: 1 of 1', 'b 2–12: 1 of 1'])
    await driver.send('events', rec(3))
    await driver.advance('30s')
    expect(driver.committed().fired).toHaveLength(2)
    await driver.advance('30s')
    expect(driver.committed().fired.slice(2)).toEqual(['a 1–13: 2 of 2'])
    await driver.advance('10m')
    expect(driver.committed().fired).toHaveLength(3)
  })

  test('do not come for sessions that have ended', async () => {
    for (const early of ['1m', { every: 1 }] as const) {
      const driver = driveWindowed(form, spec, { early, allowedLateness: 1000 })
      await driver.send('events', rec(1), rec(100, 'b'))
      const before = driver.committed().fired.length
      await driver.send('events', rec(2))
      await driver.advance('10m')
      await driver.advance('10m')
      // The late firing, and none beside it but the one of b.
      expect(
        driver
          .committed()
          .fired.slice(before)
          .filter((line) => line.startsWith('a')),
      ).toEqual(['a 1–12: 2 of 2'])
    }
  })

  test('do not come for a session that became part of another', async () => {
    const driver = driveWindowed(form, spec, { early: '1m' }, { outOfOrderness: 50 })
    await driver.send('events', rec(1), rec(15), rec(8))
    await driver.advance('1m')
    expect(driver.committed().fired).toEqual(['a 1–25: 3 of 3'])
  })
})

test('session windows of a stream of late records go on from the marks of those', async () => {
  for (const form of forms) {
    const built = topology('late')
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events }) => {
        const fired = events.keyBy('key').window(spec, { name: 'first' }).aggregate({ n: count() })
        const again = (late: Stream<Rec>) =>
          late.keyBy('key').window(spec, { name: 'again', allowedLateness: 50 }).aggregate({ n: count() })
        const second = again(fired.late)
        return { fired: fired.to(collecting()), second: second.to(collecting()), lost: second.late.to(collecting()) }
      })
    const driver = drive(built, { form })
    await driver.send('events', rec(100), rec(41), rec(40), rec(39))
    const { second, lost } = await driver.finish()
    expect(second).toMatchObject([{ start: 41, n: 1 }])
    expect(lost).toEqual([rec(40), rec(39)])
  }
})
