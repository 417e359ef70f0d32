import { aggregateOf, count, first, from, sum, topology, tumbling } from '@millrace/core'
import { checkpoint, collecting, crash, drive, scripted } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { forms, told } from './support/through.ts'
import { driveWindowed, rec, timed, windowed, type Rec } from './support/windowed.ts'

const spec = tumbling(10)

describe.each(forms)('tumbling windows as %s', (form) => {
  test('hold the records of a key from their start on, up to their end', async () => {
    const driver = driveWindowed(form, spec)
    await driver.send('events', rec(0), rec(9.5), rec(10), rec(19, 'b'), rec(30))
    expect((await driver.finish()).fired).toEqual([
      'a 0–10: 2 of 2',
      'a 10–20: 1 of 1',
      'b 10–20: 1 of 1',
      'a 30–40: 1 of 1',
    ])
  })

  test('fire when the watermark reaches their end, not a ms before', async () => {
    const driver = driveWindowed(form, spec, {}, { outOfOrderness: 5 })
    await driver.send('events', rec(3), rec(14))
    expect(driver.committed().fired).toEqual([])
    await driver.send('events', rec(15))
    expect(driver.committed().fired).toEqual(['a 0–10: 1 of 1'])
  })

  test('fire again for each record within the allowed lateness, and hand later ones to late', async () => {
    const driver = driveWindowed(form, spec, { allowedLateness: 5 })
    await driver.send('events', rec(3), rec(14), rec(4, 'a', 10), rec(5, 'b'), rec(15), rec(6))
    const { fired, late } = await driver.finish()
    expect(fired).toEqual(['a 0–10: 1 of 1', 'a 0–10: 2 of 11', 'b 0–10: 1 of 1', 'a 10–20: 2 of 2'])
    expect(late).toEqual([rec(6)])
  })

  test('fire again once for all late records of a batch', async () => {
    const driver = driveWindowed(form, spec, { allowedLateness: 50 })
    await driver.sendTo('events', 'p', rec(3), rec(14), checkpoint(), rec(4))
    expect(driver.committed().fired).toEqual(['a 0–10: 1 of 1', 'a 0–10: 2 of 2'])
  })

  test('make dead letters of late records when nothing reads them', async () => {
    const built = topology('unread')
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events }) => ({ fired: events.keyBy('key').window(spec).aggregate({ n: count() }).to(collecting()) }))
    const driver = drive(built, { form })
    await driver.send('events', rec(20), rec(3))
    expect((await driver.finish()).deadLetters.map(told)).toEqual([
      'events.window refused {"key":"a","at":3,"n":1} of test:1: LATE the record of 1970-01-01T00:00:00.003Z came after its window was closed',
    ])
  })

  test('drop late records when told to', async () => {
    const built = topology('dropped')
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events }) => ({
        fired: events.keyBy('key').window(spec, { late: 'drop' }).aggregate({ n: count() }).to(collecting()),
      }))
    const driver = drive(built, { form })
    await driver.send('events', rec(20), rec(3))
    expect(await driver.finish()).toEqual({ fired: [{ key: 'a', start: 20, end: 30, n: 1 }], deadLetters: [] })
  })

  test('hand late records to who reads them although told to drop them', async () => {
    const driver = driveWindowed(form, spec, { late: 'drop' })
    await driver.send('events', rec(20), rec(3))
    expect((await driver.finish()).late).toEqual([rec(3)])
  })

  test('judge a record by its own partition, however far others are', async () => {
    const driver = driveWindowed(form, spec)
    await driver.sendTo('events', 'slow', rec(1))
    await driver.sendTo('events', 'fast', rec(1), rec(500), rec(20, 'late'))
    await driver.sendTo('events', 'slow', rec(2), rec(33))
    const { fired, late } = await driver.finish()
    expect(fired).toEqual(['a 0–10: 3 of 3', 'a 30–40: 1 of 1', 'a 500–510: 1 of 1'])
    expect(late).toEqual([rec(20, 'late')])
  })

  test('do not wait for a partition that is idle, and call late what it brings for windows that have fired', async () => {
    const driver = driveWindowed(form, spec, {}, { idleAfter: '1m' })
    await driver.sendTo('events', 'silent', rec(1))
    await driver.sendTo('events', 'busy', rec(1), rec(25))
    expect(driver.committed().fired).toEqual([])
    await driver.advance('59s')
    await driver.sendTo('events', 'busy', rec(26))
    expect(driver.committed().fired).toEqual([])
    await driver.advance('1s')
    expect(driver.committed().fired).toEqual(['a 0–10: 2 of 2'])
    await driver.sendTo('events', 'silent', rec(9), rec(11), rec(21))
    const { fired, late } = await driver.finish()
    expect([fired.slice(1), late]).toEqual([['a 20–30: 3 of 3'], [rec(9), rec(11)]])
  })

  test('refuse a value that an aggregate cannot take, and are as before', async () => {
    const driver = driveWindowed(form, spec)
    await driver.send('events', rec(1), rec(2, 'a', NaN), rec(3, 'b', Infinity), rec(4))
    const { fired, deadLetters } = await driver.finish()
    expect(fired).toEqual(['a 0–10: 2 of 2'])
    expect(deadLetters.map(({ code, position }) => `${code} ${position}`)).toEqual(['BAD_VALUE 1', 'BAD_VALUE 2'])
  })

  test('are as before when an aggregate of the user throws, whatever stands beside it', async () => {
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
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events }) => ({
        fired: events
          .keyBy('key')
          .window(spec)
          .aggregate({ n: count(), sum: sum('n'), picky, first: first() })
          .to(collecting()),
      }))
    const driver = drive(built, { form })
    await driver.send(
      'events',
      rec(1, 'a', -1),
      rec(1, 'b', 1),
      checkpoint(),
      rec(2, 'b', -2),
      crash(),
      rec(3, 'b', 3),
      rec(4, 'c', -4),
    )
    const { fired, deadLetters } = await driver.finish()
    expect(fired).toEqual([{ key: 'b', start: 0, end: 10, n: 2, sum: 4, picky: '13', first: rec(1, 'b', 1) }])
    expect(deadLetters.map(({ message }) => message)).toEqual(['-1 is refused', '-2 is refused', '-4 is refused'])
  })

  test('make a dead letter of a result that cannot be made, and the others still come', async () => {
    const built = topology('results')
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events }) => {
        const picky = events
          .keyBy('key')
          .window(spec)
          .process(function* (values, { key, start, end }) {
            yield `${key} ${start}–${end}: ${values.length}`
            if (key === 'b') throw new Error('no b')
          })
        return { fired: picky.to(collecting()) }
      })
    const driver = drive(built, { form })
    await driver.send('events', rec(1), rec(2, 'b'), rec(3, 'c'))
    const { fired, deadLetters } = await driver.finish()
    expect(fired).toEqual(['a 0–10: 1', 'c 0–10: 1'])
    expect(deadLetters.map(told)).toEqual([
      'events.window refused {"key":"b","start":0,"end":10} of events.window:b@0: USER_CODE no b',
    ])
  })

  test('keep each result apart when a topology names its results in another order after a restart', async () => {
    const build = (swapped: boolean) =>
      topology('swapped')
        .sources(() => ({ events: from(scripted<Rec>(), timed) }))
        .build(({ events }) => {
          const aggregates = swapped ? { total: sum<Rec>('n'), many: count() } : { many: count(), total: sum<Rec>('n') }
          return { fired: events.keyBy('key').window(spec).aggregate(aggregates).to(collecting()) }
        })
        .graph({})
    const { Engine } = await import('../../src/engine/engine.ts')
    const meta = () => ({ partition: 'p', arrival: 0 })
    const before = new Engine(build(false), { clock: { now: () => 0 }, form })
    before.process(before.addPartition('events', 'p'), {
      type: 'records',
      values: [rec(1, 'a', 7), rec(2, 'a', 5)],
      arrival: 0,
      position: '',
      positionOf: String,
      metaOf: meta,
    })
    before.advance()
    const { meta: stored, delta } = before.snapshot()
    const after = new Engine(build(true), { clock: { now: () => 0 }, form })
    after.restore(stored, delta ? [delta] : [])
    after.setFinal('events')
    after.endPartition(after.addPartition('events', 'p'))
    after.advance()
    expect(after.outputs[0]?.take()?.values).toEqual([{ key: 'a', start: 0, end: 10, total: 12, many: 2 }])
  })
})

describe.each(forms)('early firings of tumbling windows as %s', (form) => {
  test('come every so many records of a key', async () => {
    const driver = driveWindowed(form, spec, { early: { every: 2 } })
    await driver.send('events', rec(1), rec(2), rec(3, 'b'), rec(4), rec(5), rec(12))
    expect(driver.committed().fired).toEqual(['a 0–10: 2 of 2', 'a 0–10: 4 of 4', 'a 0–10: 4 of 4', 'b 0–10: 1 of 1'])
  })

  test('come as processing time passes, for what changed, and once at first', async () => {
    const driver = driveWindowed(form, spec, { early: '1m' })
    await driver.send('events', rec(1), rec(2, 'b'))
    await driver.advance('1s')
    expect(driver.committed().fired).toEqual(['a 0–10: 1 of 1', 'b 0–10: 1 of 1'])
    await driver.send('events', rec(3))
    await driver.advance('59s')
    expect(driver.committed().fired).toHaveLength(2)
    await driver.advance('1s')
    expect(driver.committed().fired.slice(2)).toEqual(['a 0–10: 2 of 2'])
    await driver.advance('10m')
    expect(driver.committed().fired).toHaveLength(3)
  })

  test('do not come for windows that have fired; late firings do', async () => {
    for (const early of ['1m', { every: 1 }] as const) {
      const driver = driveWindowed(form, spec, { early, allowedLateness: 1000 })
      await driver.send('events', rec(1), rec(100, 'b'))
      const before = driver.committed().fired.length
      await driver.send('events', rec(2))
      await driver.advance('10m')
      expect(
        driver
          .committed()
          .fired.slice(before)
          .filter((line) => line.startsWith('a')),
      ).toEqual(['a 0–10: 2 of 2'])
    }
  })

  test('leave the last result as it is, crash or not', async () => {
    const script = (incident: boolean) => [
      rec(1),
      rec(2),
      checkpoint(),
      rec(3),
      ...(incident ? [crash()] : []),
      rec(4),
      rec(12),
    ]
    const last = async (incident: boolean) => {
      const driver = drive(windowed(spec, { early: { every: 2 } }), { form })
      await driver.send('events', ...script(incident))
      return (await driver.finish()).fired.filter((line) => line.startsWith('a 0')).at(-1)
    }
    expect([await last(false), await last(true)]).toEqual(['a 0–10: 4 of 4', 'a 0–10: 4 of 4'])
  })
})
