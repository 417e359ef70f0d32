import { join } from 'node:path'
import { count, from, json, sum, topology, tumbling, type Sink, type Topology } from '@millrace/core'
import { folder } from '@millrace/file'
import { outOfOrdernessMs, type LoadPlan } from './load/load-plan.ts'
import { groupOfKey } from './load/load-record.ts'
import { loadSource } from './load/load-source.ts'
import { recordingSink } from './recording-sink.ts'
import { sizes } from './window-sizes.ts'

/** What the job of the chaos is made for. */
export interface ChaosTopologyOptions {
  readonly plan: LoadPlan
  readonly folder: string
  /** Name of the process. */
  readonly by: string
}

/** Folder of the output that is visible, and of the commits that are recorded, in the folder of a run. */
export const outFolder = (run: string): string => join(run, 'out')
export const commitsFolder = (run: string): string => join(run, 'commits')

/**
 * Counts of keys, sums of those by group behind a second exchange, and counts of each record once, however often it came:
 * four exchanges, one of them between two windows.
 */
export function chaosTopology({ plan, folder: run, by }: ChaosTopologyOptions): Topology<{}, unknown, unknown> {
  const into = <T>(name: string): Sink<T> =>
    folder<T>({ path: join(outFolder(run), name), encode: json<T>(), roll: { age: '1s' } })
  const record = <T>(): Sink<T> => recordingSink<T>({ folder: commitsFolder(run), by })

  return topology('chaos')
    .sources(() => ({
      load: from(loadSource(plan, run), { eventTime: 'at', outOfOrderness: outOfOrdernessMs }),
    }))
    .build(({ load }) => {
      const counts = load
        .keyBy('key')
        .window(tumbling(sizes.counts))
        .aggregate({ n: count(), weight: sum('weight') })
      const groups = counts
        .map(({ key, n }) => ({ group: groupOfKey(key), n }))
        .keyBy('group')
        .window(tumbling(sizes.groups), { name: 'groups' })
        .aggregate({ n: sum('n'), keys: count() })
      const unique = load
        .dedupe('id', { within: '10s' })
        .keyBy('group')
        .window(tumbling(sizes.unique), { name: 'unique' })
        .aggregate({ n: count(), weight: sum('weight') })
      return {
        counts: counts.to(into('counts')),
        late: counts.late.to(into('late')),
        groups: groups.to(record()),
        unique: unique.to(record()),
        uniqueLate: unique.late.to(into('uniqueLate')),
      }
    })
}
