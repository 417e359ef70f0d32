import { count, first, from, last, topology, tumbling } from '@millrace/core'
import { collecting, scripted } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import { SourceProgress } from '../../src/engine/watermark.ts'
import type { Graph } from '../../src/topology/node.ts'
import { runs } from '../support/runs.ts'
import { feed, type Kept, type Move } from './support/feed.ts'
import type { Rec } from './support/oracle.ts'
import { unplaced } from './support/unplaced.ts'

const progressOf = (watermarks: Readonly<Record<string, number>>): SourceProgress => {
  const progress = new SourceProgress('events')
  for (const [id, watermark] of Object.entries(watermarks)) progress.add(id).watermark = watermark
  progress.update()
  return progress
}

describe('the watermark of a source', () => {
  test('is −Infinity as long as no partition is known', () => {
    expect(progressOf({}).watermark).toBe(-Infinity)
  })

  test('is −Infinity as long as one partition has shown nothing', () => {
    const progress = progressOf({ p: 10 })
    progress.add('q').watermark = -Infinity
    expect(progressOf({ p: 10, q: -Infinity }).watermark).toBe(-Infinity)
  })

  test('is the lowest of its partitions', () => {
    expect(progressOf({ p: 10, q: 5, r: 20 }).watermark).toBe(5)
  })

  test('does not wait for partitions that are idle or have ended', () => {
    const progress = progressOf({ p: 10, q: 5, r: 7 })
    progress.add('q').idle = true
    progress.update()
    expect(progress.watermark).toBe(7)
    progress.add('r').ended = true
    progress.update()
    expect(progress.watermark).toBe(10)
  })

  test('stays when all are idle, when all have ended, and when some are idle and the rest has ended', () => {
    for (const states of [
      ['idle', 'idle'],
      ['ended', 'ended'],
      ['idle', 'ended'],
    ] as const) {
      const progress = progressOf({ p: 10, q: 5 })
      progress.add('p')[states[0]] = true
      progress.add('q')[states[1]] = true
      progress.update()
      expect(progress.watermark).toBe(5)
    }
  })

  test('does not go back for a partition that is behind when it is no longer idle', () => {
    const progress = progressOf({ p: 10, q: 5 })
    progress.add('q').idle = true
    progress.update()
    progress.add('q').idle = false
    progress.update()
    expect(progress.watermark).toBe(10)
  })

  test('is +Infinity only when the list is final and all have ended', () => {
    const progress = progressOf({ p: 10, q: 5 })
    progress.final = true
    progress.add('p').ended = true
    progress.add('q').idle = true
    progress.update()
    expect(progress.watermark).toBe(5)
    progress.add('q').ended = true
    progress.update()
    expect(progress.watermark).toBe(Infinity)
  })

  test('is +Infinity when the list is final and empty', () => {
    const progress = new SourceProgress('events')
    progress.final = true
    progress.update()
    expect(progress.watermark).toBe(Infinity)
  })

  test('is stored as the furthest that a partition came when it is +Infinity', () => {
    const progress = progressOf({ p: 10, q: 5 })
    expect(progress.stored()).toBe(5)
    progress.final = true
    for (const partition of progress.partitions.values()) partition.ended = true
    progress.update()
    expect(progress.stored()).toBe(10)
  })

  type Command =
    | { readonly does: 'add' | 'see' | 'idle' | 'wake' | 'end'; readonly id: string; readonly to: number }
    | { readonly does: 'final' }
    | { readonly does: 'update' }

  const commands: fc.Arbitrary<readonly Command[]> = fc.array(
    fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          does: fc.constantFrom(
            'add' as const,
            'see' as const,
            'see' as const,
            'idle' as const,
            'wake' as const,
            'end' as const,
          ),
          id: fc.constantFrom('p', 'q', 'r'),
          to: fc.nat(50),
        }),
      },
      { weight: 3, arbitrary: fc.constant({ does: 'update' as const }) },
      { weight: 1, arbitrary: fc.constant({ does: 'final' as const }) },
    ),
    { maxLength: 40 },
  )

  test('never goes back, and is the minimum over what is active unless it has been further', () => {
    fc.assert(
      fc.property(commands, (script) => {
        const progress = new SourceProgress('events')
        let furthest = -Infinity
        for (const command of script) {
          if (command.does === 'final') progress.final = true
          else if (command.does === 'update') {
            progress.update()
            const all = [...progress.partitions.values()]
            const active = all.filter(({ idle, ended }) => !idle && !ended)
            const done = progress.final && all.every(({ ended }) => ended)
            furthest = Math.max(
              furthest,
              done ? Infinity : active.length === 0 ? -Infinity : Math.min(...active.map(({ watermark }) => watermark)),
            )
            expect(progress.watermark).toBe(furthest)
          } else {
            const partition = progress.add(command.id)
            if (command.does === 'see') {
              partition.watermark = Math.max(partition.watermark, command.to)
              partition.count++
            } else if (command.does === 'idle' || command.does === 'wake') partition.idle = command.does === 'idle'
            else if (command.does === 'end') partition.ended = true
          }
        }
      }),
      runs(500),
    )
  })
})

describe('a partition', () => {
  test('without parents starts at the present minimum', () => {
    expect(progressOf({ p: 10, q: 5 }).add('new').watermark).toBe(5)
    expect(progressOf({}).add('new').watermark).toBe(-Infinity)
  })

  test('starts where its parent ended, and holds the minimum there until it is read', () => {
    const progress = progressOf({ p: 10, q: 30 })
    const [left, right] = [progress.add('left', ['p']), progress.add('right', ['p'])]
    progress.add('p').ended = true
    progress.update()
    expect([left.watermark, right.watermark, progress.watermark]).toEqual([10, 10, 10])
    left.watermark = 20
    progress.update()
    expect(progress.watermark).toBe(10)
  })

  test('that follows two starts at the lower one, whichever of them ended first', () => {
    for (const firstToEnd of ['p', 'q']) {
      const progress = progressOf({ p: 1, q: 2 })
      for (const [id, end] of [
        ['p', 40],
        ['q', 50],
      ].toSorted(([a]) => (a === firstToEnd ? -1 : 1)) as [string, number][]) {
        progress.add(id).watermark = end
        progress.add('child', ['p', 'q'])
        progress.add(id).ended = true
        progress.update()
      }
      expect(progress.add('child').watermark).toBe(40)
    }
  })

  test('keeps its watermark when it is named again, with or without parents', () => {
    const progress = progressOf({ p: 10 })
    const child = progress.add('child', ['p'])
    child.count = 1
    progress.add('p').watermark = 99
    expect([progress.add('child', ['p']).watermark, progress.add('child').watermark]).toEqual([10, 10])
  })
})

const windows = (allowedLateness: number): Graph =>
  unplaced(() =>
    topology('windows')
      .sources(() => ({ events: from(scripted<Rec>(), { eventTime: 'at', maxAhead: '1d', outOfOrderness: 3 }) }))
      .build(({ events }) => {
        const fired = events
          .keyBy('key')
          .window(tumbling(10), { allowedLateness })
          .aggregate({ n: count(), first: first(), last: last() })
        return { out: fired.to(collecting()), late: fired.late.to(collecting()) }
      })
      .graph({}),
  )

describe.each(['generated', 'closures'] as const)('resharding as %s', (form) => {
  const records = fc.array(
    fc.record({ id: fc.nat(1e6), key: fc.constantFrom('a', 'b'), at: fc.nat(60), n: fc.nat(3) }),
    { maxLength: 12 },
  )
  const batches = fc.array(fc.record({ parent: fc.constantFrom('p', 'q'), records: fc.integer({ min: 1, max: 4 }) }), {
    maxLength: 12,
  })

  /** Reads two parents by a schedule, then what goes on where both ended. */
  function reshard(
    parts: { readonly p: readonly Rec[]; readonly q: readonly Rec[]; readonly child: readonly Rec[] },
    schedule: readonly { readonly parent: 'p' | 'q'; readonly records: number }[],
  ): object {
    const engine = new Engine(windows(0), { clock: { now: () => 0 }, form })
    const out: Record<string, unknown[]> = { out: [], late: [] }
    const drain = (): void => {
      while (!engine.advance());
      for (const output of engine.outputs) out[output.sink]?.push(...(output.take()?.values ?? []))
    }
    const position = { p: 0, q: 0, child: 0 }
    const done = new Set<string>()
    const read = (id: 'p' | 'q' | 'child', records: number): void => {
      const values = parts[id].slice(position[id], position[id] + records)
      const partition = engine.addPartition('events', id)
      position[id] += values.length
      const meta = { partition: id, arrival: 0 }
      engine.process(partition, {
        type: 'records',
        values,
        arrival: 1e9,
        position: '',
        positionOf: String,
        metaOf: () => meta,
      })
      if (position[id] === parts[id].length && !done.has(id)) {
        done.add(id)
        engine.endPartition(partition, id === 'child' ? [] : [{ id: 'child', parents: ['p', 'q'] }])
      }
      drain()
    }
    for (const id of ['p', 'q']) engine.addPartition('events', id)
    for (const move of schedule) read(move.parent, move.records)
    for (const id of ['p', 'q', 'child'] as const) read(id, Infinity)
    engine.setFinal('events')
    drain()
    const order = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)
    return { out: out['out']?.toSorted(order), late: out['late']?.toSorted(order) }
  }

  test('gives the same whichever parent of a merge is read first, and how fast', () => {
    fc.assert(
      fc.property(records, records, records, batches, (p, q, child, schedule) => {
        expect(reshard({ p, q, child }, schedule)).toEqual(reshard({ p, q, child }, []))
      }),
      runs(100),
    )
  })
})

describe.each(['generated', 'closures'] as const)('a job that had ended, as %s', (form) => {
  const rec = (at: number, key = 'a'): Rec => ({ id: at, key, at, n: 1 })
  const spans = (outputs: readonly unknown[] | undefined): string[] =>
    (outputs as { key: string; start: number; n: number }[]).map(({ key, start, n }) => `${key} ${start}: ${n}`)

  test('fires nothing again when it is started over the same input', () => {
    const partitions = { p: [rec(1), rec(12)] }
    const ended = feed(windows(0), partitions, [], form)
    expect(spans(ended.outputs['out'])).toEqual(['a 0: 1', 'a 10: 1'])
    expect(feed(windows(0), partitions, [], form, ended.kept).outputs).toEqual({ out: [], late: [] })
  })

  test('takes new partitions: late for the windows that fired, and into windows after them', () => {
    const ended = feed(windows(0), { p: [rec(1), rec(12), rec(25)] }, [], form)
    const more = { p: [rec(1), rec(12), rec(25)], q: [rec(13), rec(29), rec(30), rec(44, 'b')] }
    const { outputs } = feed(windows(0), more, [], form, ended.kept)
    expect(spans(outputs['out'])).toEqual(['a 30: 1', 'b 40: 1'])
    expect(outputs['late']).toMatchObject([{ at: 13 }, { at: 29 }])
  })

  test('fires windows again for what new partitions bring within the allowed lateness', () => {
    const first = { p: [rec(1), rec(12), rec(25)] }
    const ended = feed(windows(15), first, [], form)
    const { outputs } = feed(windows(15), { ...first, q: [rec(9), rec(13), rec(29), rec(30)] }, [], form, ended.kept)
    expect(spans(outputs['out'])).toEqual(['a 10: 2', 'a 20: 2', 'a 30: 1'])
    expect(outputs['late']).toMatchObject([{ at: 9 }])
  })

  test('does not call more late for having been started again and again', () => {
    const partitions = { p: [rec(1), rec(12), rec(25)] }
    let kept: Kept | undefined
    for (let start = 0; start < 5; start++) kept = feed(windows(15), partitions, [], form, kept).kept
    const { outputs } = feed(windows(15), { ...partitions, q: [rec(9), rec(13), rec(30)] }, [], form, kept)
    expect([spans(outputs['out']), outputs['late']]).toEqual([['a 10: 2', 'a 30: 1'], [rec(9)]])
  })

  test('says the same of late records whether or not it had crashed before its end', () => {
    const first = { p: [rec(1), rec(45), rec(57)] }
    const second = { ...first, q: [rec(52), rec(44), rec(20), rec(51, 'b'), rec(70)] }
    const schedules: Move[][] = [
      [],
      [{ read: 'p', records: 3 }, 'checkpoint', 'crash'],
      [{ read: 'p', records: 2 }, 'checkpoint', 'crash'],
    ]
    const results = schedules.map((moves) => {
      const ended = feed(windows(25), first, moves, form)
      return feed(windows(25), second, [], form, ended.kept).outputs
    })
    expect(results[1]).toEqual(results[0])
    expect(results[2]).toEqual(results[0])
  })
})
