import type { Source } from '@millrace/core'
import type { Life } from '../life.ts'
import { differences, expectedOutput } from '../oracle.ts'
import { profileNamed } from '../profiles.ts'
import type { Part, Scenario } from '../scenario.ts'
import type { SimRecord, SimStream } from '../sim-stream.ts'

/** Workers die, Redis forgets nothing: where a partition was first read from, it was read from for good. */
function begin(life: Life): Part {
  const { chance, crew, leaseMs, time } = life
  const first = new Map<string, string>()
  return {
    hasPlainEvents: false,
    event: () => {
      const living = crew.living()
      if (living.length === 0) return void crew.join()
      const member = chance.pick(living)
      const kind = chance.next()
      if (kind < 0.4) crew.kill(member)
      else if (kind < 0.7) crew.pause(member, chance.between(0.3, 3) * leaseMs)
      else if (kind < 0.9) crew.cut(member, chance.between(0.3, 3) * leaseMs)
      else crew.join()
    },
    source: (source, stream) => fromLatest(source, stream, () => time.now, first),
    judge: async (output) => {
      const startOf = (partition: string): string => first.get(partition) ?? '0'
      return differences(await expectedOutput(life.profile, life.streams, { startOf }), output)
    },
  }
}

/** Starts at the latest, but what comes later at its start; keeps where each partition was first opened. */
function fromLatest(
  source: Source<SimRecord>,
  stream: SimStream,
  now: () => number,
  first: Map<string, string>,
): Source<SimRecord> {
  return {
    ...source,
    resolve: async ({ id }, { isResumed = false }) => (isResumed ? '0' : stream.latest(id, now())),
    open: (partition, position, context) => {
      if (!first.has(partition.id)) first.set(partition.id, position)
      return source.open(partition, position, context)
    },
  }
}

/** A job that starts at the latest decides once what that is, however often it dies before it has read anything. */
export const startAtLatest: Scenario = { name: 'start at latest', stream: { quietMs: 3_000 }, begin }

/** A stream is deleted and created anew: the new one is read from its start. */
export const recreatedStream: Scenario = {
  name: 're-created stream',
  // nobody's heirs begin at the present watermark: what is late of them depends on speed
  profiles: [profileNamed('through')],
  stream: { isRecreated: true },
  begin,
}
