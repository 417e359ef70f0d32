import { collect, count, first, from, last, sliding, topology, tumbling, type Slab } from '@millrace/core'
import { collecting, drive, scripted } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import type { Graph } from '../../src/topology/node.ts'
import { forms } from '../operators/support/through.ts'
import { rec, timed, type Rec } from '../operators/support/windowed.ts'
import { batch, engineOf } from './support/batch.ts'
import { feed } from './support/feed.ts'

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
