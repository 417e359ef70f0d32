import fc from 'fast-check'
import { expect, test } from 'vitest'
import { from } from '../../src/topology/from.ts'
import { type } from '../../src/topology/process.ts'
import { value } from '../../src/topology/state.ts'
import { topology } from '../../src/topology/topology.ts'
import { collecting } from '../../src/testing/collecting-sink.ts'
import { scripted } from '../../src/testing/scripted-source.ts'
import { runs } from '../support/runs.ts'
import { feed, type Move } from './support/feed.ts'

interface Tick {
  readonly key: string
  readonly at: number
}

/** Emits how many records a key had when it was quiet for 10 ms. */
const quiet = topology('quiet')
  .sources(() => ({ ticks: from(scripted<Tick>(), { eventTime: 'at', outOfOrderness: 2, maxAhead: '1d' }) }))
  .build(({ ticks }) => ({
    out: ticks
      .keyBy('key')
      .process({
        name: 'quiet',
        state: { count: value<number>() },
        emits: type<{ key: string; count: number; at: number }>(),
        onRecord(tick, { state, timers }) {
          state.count.set((state.count.get() ?? 0) + 1)
          timers.eventTime(tick.at + 10)
        },
        onTimer({ at }, { key, state, emit }) {
          emit({ key, count: state.count.get() ?? 0, at })
          state.count.clear()
        },
      })
      .to(collecting<object>()),
  }))
  .graph({})

const ticks = fc
  .array(fc.record({ key: fc.constantFrom('a', 'b'), step: fc.nat(12) }), { maxLength: 40 })
  .map((steps) => {
    let at = 0
    return steps.map(({ key, step }): Tick => ({ key, at: (at += step) }))
  })

const moves: fc.Arbitrary<readonly Move[]> = fc.array(
  fc.oneof(
    fc.record({ read: fc.constant('p'), records: fc.integer({ min: 1, max: 40 }) }),
    fc.constant('checkpoint' as const),
    fc.constant('crash' as const),
  ),
  { maxLength: 12 },
)

const one: readonly Move[] = Array.from({ length: 40 }, () => ({ read: 'p', records: 1 }))

for (const form of ['generated', 'closures'] as const) {
  test(`timers fire between the same two records whatever the batches and crashes, as ${form}`, () => {
    fc.assert(
      fc.property(ticks, moves, (records, schedule) => {
        expect(feed(quiet, { p: records }, schedule, form).outputs).toEqual(
          feed(quiet, { p: records }, one, form).outputs,
        )
      }),
      runs(150),
    )
  })
}
