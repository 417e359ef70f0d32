import type { PartitionList, Source, SourceContext } from '@millrace/core'
import { generationAt, type LoadPlan } from './load-plan.ts'
import type { LoadRecord } from './load-record.ts'
import { loadEnd } from './load-end.ts'
import { LoadReader } from './load-reader.ts'
import { paused } from './paused.ts'
import { partitionOf, Shards } from './shards.ts'

const lookEveryMs = 250

/**
 * The load as a source: records come at their time, as from a stream, and all that was missed can be read again. It goes on
 * until its end is said in `folder`.
 */
export function loadSource(plan: LoadPlan, folder: string): Source<LoadRecord> {
  const shards = new Shards(plan)
  return {
    kind: 'load',
    description: `load(seed ${plan.seed})`,
    partitions: (context) => lists(plan, shards, folder, context),
    resolve: async () => '0',
    open: async ({ id }, position, { clock }) => {
      const shard = shards.upTo(generationOf(id)).find((each) => each.id === id)
      if (shard === undefined) throw new Error(`load: there is no shard ${id}`)
      return new LoadReader({ plan, shards, shard, folder, clock, next: Number(position) })
    },
    compare: (a, b) => Number(a) - Number(b),
  }
}

async function* lists(
  plan: LoadPlan,
  shards: Shards,
  folder: string,
  { clock, signal }: SourceContext,
): AsyncGenerator<PartitionList> {
  let listed = -1
  while (!signal.aborted) {
    const now = generationAt(plan, clock.now())
    const end = loadEnd(folder)
    const newest = end === undefined ? now : end - 1
    if (newest > listed) yield { partitions: shards.upTo(newest).map(partitionOf), final: end !== undefined }
    if (end !== undefined) return
    listed = newest
    await paused(lookEveryMs, signal)
  }
}

const generationOf = (id: string): number => Number(id.slice(0, id.indexOf('-')))
