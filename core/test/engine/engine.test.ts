import {
  aggregateOf,
  collect,
  count,
  first,
  from,
  last,
  MillraceError,
  sliding,
  sum,
  topology,
  tumbling,
  type Codec,
  type DeadLetter,
  type Slab,
  type Stream,
} from '@millrace/core'
import { at, collecting, crash, drive, scripted } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import type { Records } from '../../src/connector/source.ts'
import type { Graph } from '../../src/topology/node.ts'
import { forms } from '../operators/support/through.ts'
import { feed } from './support/feed.ts'

interface Rec {
  readonly key: string
  readonly at: number
  readonly n: number
}

const rec = (at: number, key = 'a', n = 1): Rec => ({ key, at, n })

const timed = { eventTime: 'at', maxAhead: '1d' } as const

const batch = (values: readonly unknown[], arrival = 1e15): Records<unknown> => ({
  type: 'records',
  values,
  arrival,
  position: String(values.length),
  positionOf: String,
  metaOf: () => ({ partition: 'p', arrival }),
})

const engineOf = (graph: Graph, form: 'generated' | 'closures'): Engine =>
  new Engine(graph, { clock: { now: () => 5_000 }, form })

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
    expect(driver.committed().perNode).toEqual([{ node: 'events.map', value: 1 }])
    await driver.send('events', crash(), -2)
    expect((await driver.finish()).perNode.at(-1)).toEqual({ node: 'events.map', value: 2 })
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
    expect(() => feed(graph, { p: many }, [], form)).toThrow(
      expect.objectContaining({ code: 'USER_CODE', node: 'behind' }) as Error,
    )
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
    expect(() => feed(graph, { p: [rec(1)] }, [], form)).toThrow(
      expect.objectContaining({ code: 'USER_CODE', node: 'behind' }) as Error,
    )
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

describe.each(forms)('back-pressure, as %s', (form) => {
  const many = Array.from({ length: 100_000 }, (_, i) => ({ key: `k${i}`, at: 1, n: i }))

  const graphs = {
    tumbling: (events: Stream<Rec>) =>
      events
        .keyBy('key')
        .window(tumbling(10))
        .aggregate({ sum: sum('n') }),
    sliding: (events: Stream<Rec>) =>
      events
        .keyBy('key')
        .window(sliding({ size: 10, every: 10 }))
        .aggregate({ sum: sum('n') }),
    session: (events: Stream<Rec>) =>
      events
        .keyBy('key')
        .window({ kind: 'session', gapMs: 10 })
        .aggregate({ sum: sum('n') }),
    process: (events: Stream<Rec>) =>
      events.keyBy('key').process({
        state: {},
        emits: {} as { _type?: (value: { sum: number }) => { sum: number } },
        onRecord: ({ n }, { timers }) => timers.eventTime(10, String(n)),
        onTimer: ({ tag }, { emit }) => emit({ sum: Number(tag) }),
      }),
  }

  test.each([
    ['tumbling', 100_000],
    ['sliding', 20_000],
    ['session', 20_000],
    ['process', 20_000],
  ] as const)('pauses a firing of %s when outputs are full, and loses nothing of %i keys', (kind, keys) => {
    const graph = topology('pressure')
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events }) => ({ out: (graphs[kind](events) as Stream<{ sum: number }>).to(collecting()) }))
      .graph({})
    const engine = engineOf(graph, form)
    const partition = engine.addPartition('events', 'p')
    const records = batch(many.slice(0, keys))
    for (let row = 0; row < keys; row = engine.process(partition, records, row)) engine.advance()
    engine.setFinal('events')
    engine.endPartition(partition)
    const sums: number[] = []
    let pauses = 0
    let most = 0
    while (!engine.advance()) {
      pauses++
      const taken = engine.outputs[0]?.take()
      most = Math.max(most, taken?.length ?? 0)
      for (const value of taken?.values ?? []) sums.push((value as { sum: number }).sum)
    }
    for (const value of engine.outputs[0]?.take()?.values ?? []) sums.push((value as { sum: number }).sum)
    expect(pauses).toBeGreaterThanOrEqual(Math.floor(keys / 12_000))
    expect(most).toBeLessThan(12_000)
    expect(sums.toSorted((a, b) => a - b).every((sum, i) => sum === i)).toBe(true)
    expect(sums).toHaveLength(keys)
  })

  test('refuses a snapshot in the middle of a firing', () => {
    const graph = topology('pressure')
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events }) => ({
        out: events
          .keyBy('key')
          .window(tumbling(10))
          .aggregate({ sum: sum('n') })
          .to(collecting()),
      }))
      .graph({})
    const engine = engineOf(graph, form)
    const partition = engine.addPartition('events', 'p')
    const records = batch(many.slice(0, 20_000))
    for (let row = 0; row < 20_000; row = engine.process(partition, records, row));
    engine.setFinal('events')
    engine.endPartition(partition)
    expect(engine.advance()).toBe(false)
    expect(() => engine.snapshot()).toThrow('in the middle of a firing')
  })
})

describe.each(forms)('records that come as bytes, as %s', (form) => {
  /** Whole numbers, a line each; anything else is refused. */
  const codec: Codec<unknown> = {
    contentType: 'text/plain',
    description: 'numbers()',
    encoder: () => ({ encode: (n, out) => out.text(String(n)) }),
    decoder: () => ({
      decode({ bytes, starts, ends }, first, to, values, rows, refuse) {
        let decoded = 0
        for (let row = first; row < to; row++) {
          const text = new TextDecoder().decode(bytes.subarray(starts[row], ends[row]))
          if (/^\d+$/.test(text)) {
            values[decoded] = Number(text)
            rows[decoded++] = row
          } else refuse(row, new MillraceError('BAD_RECORD', `${text} is no number`))
        }
        return decoded
      },
    }),
  }

  const slabOf = (lines: readonly string[]): Slab => {
    const bytes = new TextEncoder().encode(lines.join('\n'))
    const ends = lines.map((_, i) => lines.slice(0, i + 1).join('\n').length)
    const starts = lines.map((line, i) => (ends[i] ?? 0) - line.length)
    return { bytes, starts: Uint32Array.from(starts), ends: Uint32Array.from(ends), length: lines.length }
  }

  const graph = topology('bytes')
    .sources(() => ({ numbers: from({ ...scripted<number>(), codec }, { eventTime: (n) => n, maxAhead: '1d' }) }))
    .build(({ numbers }) => ({
      out: numbers
        .filter((n) => {
          if (n === 13) throw new Error('unlucky')
          return true
        })
        .to(collecting()),
      ends: numbers
        .windowAll(tumbling(10_000))
        .aggregate({ first: first<number>(), last: last<number>() })
        .to(collecting()),
    }))
    .graph({})

  const read = (engine: Engine, lines: readonly string[], more: Partial<Records<unknown>> = {}): void => {
    const { values: _values, ...records } = batch([])
    const rest = { ...records, slab: slabOf(lines), positionOf: (row: number) => `@${row}`, ...more }
    for (let row = 0; row < lines.length; row = engine.process(engine.addPartition('numbers', 'p'), rest, row));
    engine.advance()
  }

  test('become dead letters with their bytes and position when they do not decode, and when a step refuses them', () => {
    const engine = engineOf(graph, form)
    read(engine, ['1', 'x', '2', '13', '', '3'])
    expect(engine.outputs[0]?.take()?.values).toEqual([1, 2, 3])
    const told = engine
      .takeDeadLetters()
      .map(({ node, code, position, time, bytes }) => [node, code, position, time, new TextDecoder().decode(bytes)])
    expect(told).toEqual([
      ['numbers', 'BAD_RECORD', '@1', undefined, 'x'],
      ['numbers', 'BAD_RECORD', '@4', undefined, ''],
      ['numbers.filter', 'USER_CODE', '@3', 13, '13'],
    ])
    expect(engine.stats()).toMatchObject({ records: 6, deadLetters: 3 })
  })

  test('are refused with what the reader kept of them when they could not even be cut out', () => {
    const engine = engineOf(graph, form)
    const error = new MillraceError('RECORD_TOO_LARGE', 'too large')
    read(engine, ['1', '2'], { refused: [{ position: '@9', error, bytes: new Uint8Array([7]) }] })
    expect(engine.takeDeadLetters()).toMatchObject([
      { source: 'numbers', partition: 'p', position: '@9', code: 'RECORD_TOO_LARGE', bytes: new Uint8Array([7]) },
    ])
  })

  test('keep their place among records of one time over batches, refused ones and a restart', () => {
    const lines = (n: number): string[] => Array.from({ length: n }, (_, i) => (i % 5 === 0 ? 'x' : '5'))
    const places = (engine: Engine): unknown => engine.addPartition('numbers', 'p').count
    const engine = engineOf(graph, form)
    read(engine, lines(2500))
    expect(places(engine)).toBe(2500)
    const { meta, delta } = engine.snapshot()
    const again = engineOf(graph, form)
    again.restore(meta, delta ? [delta] : [])
    read(again, lines(10))
    expect(places(again)).toBe(2510)
  })

  test('are a dead letter in the form that the policy of the source says', () => {
    const strict = topology('bytes')
      .sources(() => ({ numbers: from({ ...scripted<number>(), codec }, { onError: 'fail' }) }))
      .build(({ numbers }) => ({ out: numbers.to(collecting()) }))
      .graph({})
    expect(() => read(engineOf(strict, form), ['1', 'x'])).toThrow(
      expect.objectContaining({ code: 'BAD_RECORD', node: 'numbers', position: '@1' }) as Error,
    )
  })
})

describe.each(forms)('the engine as %s', (form) => {
  test('orders records of one time by source, partition and place, whichever is read first', async () => {
    const built = topology('order')
      .sources(() => ({ left: from(scripted<Rec>(), timed), right: from(scripted<Rec>(), timed) }))
      .build(({ left, right }) => ({
        out: left
          .union(right)
          .windowAll(tumbling(10))
          .aggregate({ all: collect<Rec>(), first: first<Rec>(), last: last<Rec>() })
          .to(collecting()),
      }))
    const results = []
    for (const order of [
      ['left', 'right'],
      ['right', 'left'],
    ] as const) {
      const driver = drive(built, { form })
      for (const source of order) await driver.sendTo(source, 'p', rec(1, `${source} 0`), rec(1, `${source} 1`))
      results.push((await driver.finish()).out)
    }
    expect(results[1]).toEqual(results[0])
    expect(results[0]).toMatchObject([{ first: { key: 'left 0' }, last: { key: 'right 1' } }])
  })

  test('counts what it dropped, skipped and was given too late', () => {
    const graph = topology('counts')
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events }) => {
        const even = events.filter(
          ({ n }) => {
            if (n === 0) throw new Error('zero')
            return true
          },
          { onError: 'skip' },
        )
        const read = even.keyBy('key').window(tumbling(10), { name: 'read' }).aggregate({ n: count() })
        const dropped = even
          .keyBy('key')
          .window(sliding({ size: 20, every: 10 }), { name: 'dropped', late: 'drop' })
          .aggregate({ n: count() })
        const unread = even
          .keyBy('key')
          .window({ kind: 'session', gapMs: 5 }, { name: 'unread' })
          .aggregate({ n: count() })
        return {
          read: read.to(collecting()),
          late: read.late.to(collecting()),
          dropped: dropped.to(collecting()),
          unread: unread.to(collecting()),
        }
      })
      .graph({})
    const { stats, deadLetters, outputs } = feed(graph, { p: [rec(30), rec(1), rec(15), rec(3, 'a', 0)] }, [], form)
    // Of 1: all three. Of 15: the tumbling one, one of two sliding ones, and the session.
    expect(stats).toMatchObject({ records: 4, skipped: 1, late: 6, deadLetters: 2 })
    expect(deadLetters.map(({ node, code }) => `${node} ${code}`)).toEqual(['unread LATE', 'unread LATE'])
    expect(outputs['late']).toEqual([rec(1), rec(15)])
  })

  test('takes over state that was stored under another name', () => {
    const named = (name: string): Graph =>
      topology('renamed')
        .sources(() => ({ events: from(scripted<Rec>(), timed) }))
        .build(({ events }) => ({
          out: events
            .keyBy('key')
            .reduce(
              () => 0,
              (sum, { n }) => sum + n,
              { name },
            )
            .to(collecting()),
        }))
        .graph({})
    const [before, after] = [engineOf(named('before'), form), engineOf(named('after'), form)]
    before.process(before.addPartition('events', 'p'), batch([rec(1, 'a', 3)]))
    before.advance()
    const { meta, delta } = before.snapshot()
    after.restore(meta, delta ? [delta] : [], new Map([['after', 'before']]))
    after.process(after.addPartition('events', 'p'), batch([rec(1, 'a', 4)]))
    expect(after.outputs[0]?.take()?.values).toEqual([{ key: 'a', value: 7 }])
  })

  test('tells bytes of a source that has no codec', () => {
    const graph = topology('bytes')
      .sources(() => ({ events: from(scripted<Rec>()) }))
      .build(({ events }) => ({ out: events.to(collecting()) }))
      .graph({})
    const engine = engineOf(graph, form)
    const slab: Slab = { bytes: new Uint8Array(1), starts: new Uint32Array([0]), ends: new Uint32Array([1]), length: 1 }
    const { values: _values, ...records } = batch([])
    expect(() => engine.process(engine.addPartition('events', 'p'), { ...records, slab })).toThrow(
      expect.objectContaining({
        code: 'SOURCE',
        message: "source 'events' gave bytes, but has no codec to decode them",
      }) as Error,
    )
  })

  test('names the sources there are when asked for another', () => {
    const graph = topology('names')
      .sources(() => ({ left: from(scripted<Rec>()), right: from(scripted<Rec>()) }))
      .build(({ left, right }) => ({ out: left.union(right).to(collecting()) }))
      .graph({})
    expect(() => engineOf(graph, form).addPartition('middle', 'p')).toThrow(
      "there is no source 'middle'; there are left, right",
    )
  })
})
