import { aggregateOf, collect, count, first, from, last, topology, tumbling, type DeadLetter } from '@millrace/core'
import { collecting, crash, drive, scripted } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import type { Graph } from '../../src/topology/node.ts'
import { forms } from '../operators/support/through.ts'
import { rec, timed, type Rec } from '../operators/support/windowed.ts'
import { batch, engineOf } from './support/batch.ts'

describe.each(forms)('dead letters as a stream, as %s', (form) => {
  const boom = (n: number): number => {
    if (n < 0) throw new Error(`boom ${n}`)
    return n
  }

  test('carry the error and its place, at the event time of the record', async () => {
    const built = topology('letters')
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events, deadLetters }) => ({
        out: events.map(({ n }) => boom(n)).to(collecting()),
        letters: deadLetters.map(({ bytes: _bytes, ...letter }) => letter).to(collecting()),
      }))
    const driver = drive(built, { form })
    await driver.send('events', rec(1), rec(7, 'a', -1))
    const { letters, deadLetters } = await driver.finish()
    expect(letters).toEqual([
      {
        source: 'events',
        node: 'events.map',
        partition: 'test',
        position: '1',
        code: 'USER_CODE',
        message: 'boom -1',
        time: 7,
      },
    ])
    expect(deadLetters).toEqual([])
  })

  test('reach a sink behind keyed state before the next checkpoint', async () => {
    const built = topology('letters')
      .sources(() => ({ events: from(scripted<number>()) }))
      .build(({ events, deadLetters }) => ({
        out: events.map(boom).to(collecting()),
        perNode: deadLetters
          .keyBy('node')
          .reduce(
            () => 0,
            (n) => n + 1,
          )
          .to(collecting()),
      }))
    const driver = drive(built, { form })
    await driver.send('events', -1)
    // The watermark stands still: nothing but the letter itself moves anything.
    await driver.send('events', -2)
    expect(driver.committed().perNode.map(({ value }) => value)).toEqual([1, 2])
    await driver.send('events', crash(), -3)
    expect((await driver.finish()).perNode.map(({ value }) => value)).toEqual([1, 2, 3])
  })

  test('are counted in a window, those that firing windows write at its end included', async () => {
    const failing = aggregateOf({
      version: 1,
      init: () => 0,
      add: (n: number) => n + 1,
      merge: (a: number, b: number) => a + b,
      result: () => {
        throw new Error('no result')
      },
    })
    const built = topology('letters')
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events, deadLetters }) => ({
        // Named first, so built first.
        counted: deadLetters.windowAll(tumbling(10)).aggregate({ letters: count() }).to(collecting()),
        out: events.keyBy('key').window(tumbling(10), { name: 'results' }).aggregate({ failing }).to(collecting()),
      }))
    const driver = drive(built, { form })
    await driver.send('events', rec(1), rec(2, 'b'), rec(11), rec(25))
    const { counted, deadLetters } = await driver.finish()
    expect(counted).toEqual([
      { start: 0, end: 10, letters: 2 },
      { start: 10, end: 20, letters: 1 },
      { start: 20, end: 30, letters: 1 },
    ])
    expect(deadLetters).toEqual([])
  })

  test('go to the backplane when a step that reads dead letters fails, however far behind it stands', async () => {
    const refuse = (): never => {
      throw new Error('no letters')
    }
    const built = topology('letters')
      .sources(() => ({ events: from(scripted<number>()) }))
      .build(({ events, deadLetters }) => ({
        out: events.map(boom).to(collecting()),
        direct: deadLetters.map(refuse, { name: 'direct' }).to(collecting()),
        behind: deadLetters
          .keyBy('node')
          .reduce(
            () => 0,
            (n) => n + 1,
          )
          .flatMap(() => [1, 2])
          .map(refuse, { name: 'behind' })
          .to(collecting()),
      }))
    const driver = drive(built, { form })
    await driver.send('events', -1, 1, 2, 3)
    const { deadLetters } = await driver.finish()
    expect(deadLetters.map(({ node }) => node).toSorted()).toEqual(['behind', 'behind', 'direct'])
  })

  test('keep the places of late and dead records over a restart', async () => {
    const built = topology('letters')
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events, deadLetters }) => {
        const window = events.keyBy('key').window(tumbling(10)).aggregate({ n: count() })
        const ends = { first: first<Rec>(), last: last<Rec>() }
        return {
          out: window.to(collecting()),
          late: window.late
            .windowAll(tumbling(1000), { name: 'late', allowedLateness: '1h' })
            .aggregate(ends)
            .to(collecting()),
          refused: events.map(({ n }) => boom(n)).to(collecting()),
          letters: deadLetters
            .windowAll(tumbling(1000), { name: 'letters', allowedLateness: '1h' })
            .aggregate({ messages: collect<DeadLetter>() })
            .map(({ messages }) => messages.map(({ message }) => message))
            .to(collecting()),
        }
      })
    const script = [rec(500), rec(1, 'a', -1), rec(1, 'a', -2), rec(1, 'a', -3)]
    const driver = drive(built, { form })
    await driver.send('events', ...script)
    await driver.send('events', crash(), rec(1, 'a', -4), rec(600))
    const { late, letters } = await driver.finish()
    expect(late.at(-1)).toMatchObject({ first: { n: -1 }, last: { n: -4 } })
    expect(letters.at(-1)).toEqual(['boom -1', 'boom -2', 'boom -3', 'boom -4'])
  })
})

describe.each(forms)('onError: fail, as %s', (form) => {
  const strict =
    (node: string, boom: boolean) =>
    (value: unknown): unknown => {
      if (boom) throw new Error(`${node} is strict`)
      return value
    }

  const failure: unknown = expect.objectContaining({ code: 'USER_CODE', node: 'behind' })

  /** What stops the job at the end of the input, and the dead letters that there are by then. */
  function stop(
    graph: Graph,
    values: readonly Rec[],
  ): { readonly error: unknown; readonly letters: readonly DeadLetter[] } {
    const engine = engineOf(graph, form)
    const partition = engine.addPartition('events', 'p')
    const records = batch(values)
    for (let row = 0; row < values.length; row = engine.process(partition, records, row));
    engine.setFinal('events')
    engine.endPartition(partition)
    try {
      while (!engine.advance()) engine.outputs[0]?.take()
    } catch (error) {
      return { error, letters: engine.takeDeadLetters() }
    }
    throw new Error('nothing stopped the job')
  }

  test('stops the job although it happens while a window that makes dead letters fires', () => {
    const graph = topology('strict')
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events }) => ({
        out: events
          .keyBy('key')
          .window(tumbling(10))
          .aggregate({ n: count() })
          .map(strict('behind', true), { onError: 'fail', name: 'behind' })
          .to(collecting()),
      }))
      .graph({})
    const many = Array.from({ length: 3000 }, (_, i) => rec(1, `k${i}`))
    expect(stop(graph, many)).toEqual({ error: failure, letters: [] })
  })

  test('stops the job although it happens while a timer of process fires', () => {
    const graph = topology('strict')
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events }) => {
        const fired = events.keyBy('key').process({
          state: {},
          emits: {} as { _type?: (n: number) => number },
          onRecord: (_, { timers }) => timers.eventTime(5),
          onTimer: (_, { emit }) => {
            for (let i = 0; i < 2000; i++) emit(i)
          },
        })
        return { out: fired.map(strict('behind', true), { onError: 'fail', name: 'behind' }).to(collecting()) }
      })
      .graph({})
    expect(stop(graph, [rec(1)])).toEqual({ error: failure, letters: [] })
  })

  test('stops the job for a record without a time, when the source says so', async () => {
    const built = topology('strict')
      .sources(() => ({ events: from(scripted<Rec>(), { ...timed, onError: 'fail' }) }))
      .build(({ events }) => ({ out: events.to(collecting()) }))
    await expect(drive(built, { form }).send('events', rec(NaN))).rejects.toMatchObject({
      code: 'BAD_TIME',
      node: 'events',
      partition: 'test',
      position: '0',
    })
  })

  test('never stops the job for a late record', async () => {
    const built = topology('strict')
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events }) => ({
        out: events.keyBy('key').window(tumbling(10), { onError: 'fail' }).aggregate({ n: count() }).to(collecting()),
      }))
    const driver = drive(built, { form })
    await driver.send('events', rec(20), rec(1))
    expect((await driver.finish()).deadLetters).toMatchObject([{ code: 'LATE' }])
  })
})
