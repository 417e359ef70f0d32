import type { Aggregate, Slots } from '../aggregates/aggregate.ts'
import { comparePlaces } from '../aggregates/place.ts'
import { formsOf, type AggregateForm, type Placed } from './aggregate-machine.ts'
import { seededRandom } from './seeded-random.ts'
import type { Expect, TestFunction } from './test-runner.ts'

/** Arguments of {@link aggregateConformance}. */
export interface AggregateConformanceOptions<T> {
  readonly test: TestFunction
  readonly expect: Expect
  readonly aggregate: Aggregate<T, unknown>
  /** Records to draw from; some dozen that differ, with the odd ones among them. */
  readonly records: readonly T[]
  /** What the aggregate must give for these records, which come in order of time and position; never for none. */
  readonly oracle: (records: readonly T[]) => unknown
  /** Decides the groupings that are tried. @default 1 */
  readonly seed?: number
  /** How many groupings are tried. @default 100 */
  readonly rounds?: number
}

/**
 * Checks that an aggregate keeps its contract, as code and as functions: its result depends on which records were added,
 * not on how they were grouped, and what leaves a sliding window leaves no trace.
 */
export function aggregateConformance<T>(options: AggregateConformanceOptions<T>): void {
  const { test, aggregate } = options
  for (const form of formsOf(aggregate)) {
    const each = (name: string, run: (trial: Trial<T>) => void): unknown =>
      test(`${aggregate.kind} as ${form.form}: ${name}`, async () => {
        for (const trial of trials(options)) run(trial)
      })
    each('takes every record', (trial) => takesAll(form, trial, options))
    each('gives the same however records are grouped', (trial) => groupsFreely(form, trial, options))
    each('leaves alone what it merges', (trial) => leavesAlone(form, trial, options))
    if (form.total.subtract)
      each('gives what is left when panes leave a sliding window', (trial) => slides(form, trial, options))
  }
}

/** Some records, in groups, and the choices that are left to chance. */
interface Trial<T> {
  readonly groups: readonly (readonly Placed<T>[])[]
  /** A whole number from 0, below `below`. */
  readonly pick: (below: number) => number
}

const partitions = ['', '0', 'a', 'shardId-000000000001', 'ä', '\u{1f600}']

function* trials<T>({ records, seed = 1, rounds = 100 }: AggregateConformanceOptions<T>): Iterable<Trial<T>> {
  const random = seededRandom(seed)
  const pick = (below: number): number => Math.floor(random() * below)
  for (let round = 0; round < rounds; round++) {
    // Few times and partitions, so that places tie often.
    const place = (sequence: number) => ({
      time: 1000 * pick(4),
      partition: partitions[pick(partitions.length)] ?? '',
      sequence,
    })
    const drawn = Array.from({ length: 1 + pick(2 * records.length) }, (_, i) => ({
      value: records[pick(records.length)] as T,
      ...place(i),
    }))
    const groups: Placed<T>[][] = Array.from({ length: 1 + pick(6) }, () => [])
    for (const record of drawn) groups[pick(groups.length)]?.push(record)
    yield { groups, pick }
  }
}

function expected<T>(groups: Trial<T>['groups'], { oracle }: AggregateConformanceOptions<T>): unknown {
  return oracle(
    groups
      .flat()
      .toSorted(comparePlaces)
      .map(({ value }) => value),
  )
}

function paneOf<T>({ pane }: AggregateForm, group: readonly Placed<T>[]): Slots {
  const slots = pane.create()
  for (const record of group) pane.add(slots, record)
  return slots
}

function takesAll<T>({ pane }: AggregateForm, { groups }: Trial<T>, { expect }: AggregateConformanceOptions<T>): void {
  expect(groups.flat().filter(({ value }) => pane.refuses(value))).toEqual([])
}

function groupsFreely<T>(
  form: AggregateForm,
  { groups, pick }: Trial<T>,
  options: AggregateConformanceOptions<T>,
): void {
  const panes = groups.map((group) => paneOf(form, group))
  while (panes.length > 1) {
    const [b] = panes.splice(pick(panes.length), 1)
    const a = panes[pick(panes.length)]
    if (a && b) form.pane.merge(a, b)
  }
  const [all] = panes
  options.expect(all && form.pane.result(all)).toEqual(expected(groups, options))
}

function leavesAlone<T>(form: AggregateForm, { groups }: Trial<T>, options: AggregateConformanceOptions<T>): void {
  const [group = [], ...others] = groups.filter(({ length }) => length > 0)
  const pane = paneOf(form, group)
  const merged = form.pane.create()
  for (const other of [pane, ...others.map((each) => paneOf(form, each))]) form.pane.merge(merged, other)
  for (const record of group) form.pane.add(merged, record)
  form.pane.result(merged)
  options.expect(form.pane.result(pane)).toEqual(expected([group], options))
  for (const record of group) form.pane.add(pane, record)
  options.expect(form.pane.result(pane)).toEqual(expected([group, group], options))
}

function slides<T>(form: AggregateForm, { groups, pick }: Trial<T>, options: AggregateConformanceOptions<T>): void {
  const { total } = form
  const window = groups.map((group) => ({ group, pane: paneOf(form, group) }))
  const sum = total.create()
  for (const { pane } of window) total.merge(sum, pane)
  for (let leaving = pick(window.length); leaving > 0; leaving--) {
    const [left] = window.splice(pick(window.length), 1)
    if (left) total.subtract?.(sum, left.pane)
  }
  const stays = window.map(({ group }) => group)
  // Of a key without records nothing is emitted, so nothing is promised.
  if (stays.flat().length > 0) options.expect(total.result(sum)).toEqual(expected(stays, options))
}
