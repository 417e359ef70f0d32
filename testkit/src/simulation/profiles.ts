import {
  count,
  from,
  type Sink,
  session,
  sliding,
  type Source,
  sum,
  type Topology,
  topology,
  tumbling,
  type,
  value,
} from '@millrace/core'
import type { SimRecord } from './sim-stream.ts'

/** What a topology of the simulation reads and writes. */
export interface Ends {
  readonly sources: readonly Source<SimRecord>[]
  readonly out: Sink<unknown>
  readonly late: Sink<unknown>
  readonly letters: Sink<unknown>
}

/** A topology to simulate. */
export interface Profile {
  readonly name: string
  readonly streams: number
  /** Whether records may be so late that windows refuse them. */
  readonly late: boolean
  readonly topology: (ends: Ends) => Topology<{}, unknown, unknown>
}

const options = { eventTime: 'at', outOfOrderness: '2s' } as const
const one = ({ sources }: Ends): Source<SimRecord> => sources[0] as Source<SimRecord>

const begin = (ends: Ends) => topology('sim').sources(() => ({ events: from(one(ends), options) }))

/** Everything that records go through: windows of all kinds, dedupe, keyed state, several stages. */
export const profiles: readonly Profile[] = [
  {
    name: 'through',
    streams: 1,
    late: false,
    topology: (ends) =>
      begin(ends).build(({ events }) => ({
        out: events
          .filter(({ id }) => id % 5 !== 0)
          .map(({ id, key }) => ({ id, key }))
          .to(ends.out),
      })),
  },
  {
    name: 'tumbling',
    streams: 1,
    late: true,
    topology: (ends) =>
      begin(ends).build(({ events }) => {
        const counts = events
          .keyBy('key')
          .window(tumbling('5s'))
          .aggregate({ n: count(), ids: sum('id') })
        return { out: counts.to(ends.out), late: counts.late.to(ends.late) }
      }),
  },
  {
    name: 'letters',
    streams: 1,
    late: true,
    topology: (ends) =>
      begin(ends).build(({ events, deadLetters }) => {
        const sound = events.map((event) => {
          if (event.id % 17 === 0) throw new Error(`bad ${event.id}`)
          return event
        })
        const counts = sound.keyBy('key').window(tumbling('5s')).aggregate({ n: count() })
        const letters = deadLetters.map(({ code, node }) => ({ code, node }))
        return { out: counts.map(({ key, start }) => ({ key, start })).to(ends.out), letters: letters.to(ends.letters) }
      }),
  },
  {
    name: 'sliding',
    streams: 1,
    late: false,
    topology: (ends) =>
      begin(ends).build(({ events }) => ({
        out: events
          .keyBy('key')
          .window(sliding({ size: '10s', every: '5s' }))
          .aggregate({ n: count() })
          .to(ends.out),
      })),
  },
  {
    name: 'levels',
    streams: 2,
    late: true,
    topology: (ends) =>
      topology('sim')
        .sources(() => ({
          left: from(ends.sources[0] as Source<SimRecord>, options),
          right: from(ends.sources[1] as Source<SimRecord>, options),
        }))
        .build(({ left, right }) => {
          const fives = left
            .union(right)
            .keyBy('key')
            .window(tumbling('5s'), { name: 'fives' })
            .aggregate({ n: count() })
          const all = fives.windowAll(tumbling('10s'), { name: 'all' }).aggregate({ keys: count(), n: sum('n') })
          return { out: all.to(ends.out), late: fives.late.to(ends.late) }
        }),
  },
  {
    name: 'dedupe',
    streams: 1,
    late: false,
    topology: (ends) =>
      begin(ends).build(({ events }) => ({
        out: events
          .flatMap((event) => (event.id % 3 === 0 ? [event, event] : [event]))
          .dedupe('id', { within: '1h' })
          .keyBy('key')
          .window(tumbling('5s'))
          .aggregate({ n: count() })
          .to(ends.out),
      })),
  },
  {
    name: 'session',
    streams: 1,
    late: false,
    topology: (ends) =>
      begin(ends).build(({ events }) => {
        const sessions = events
          .keyBy('key')
          .window(session({ gap: '800ms' }))
          .aggregate({ n: count() })
        return { out: sessions.to(ends.out), late: sessions.late.to(ends.late) }
      }),
  },
  {
    name: 'order',
    streams: 1,
    late: false,
    topology: (ends) =>
      begin(ends).build(({ events }) => ({
        out: events
          .keyBy('key')
          .process({
            state: { seen: value<number>() },
            emits: type<{ key: string; number: number; before: number }>(),
            onRecord: ({ key, number }, { state, emit }) => {
              emit({ key, number, before: state.seen.get() ?? 0 })
              state.seen.set(number)
            },
          })
          .to(ends.out),
      })),
  },
]

/** The profile of a name. */
export function profileNamed(name: string): Profile {
  const found = profiles.find((profile) => profile.name === name)
  if (found === undefined) throw new Error(`there is no profile ${name}`)
  return found
}

/** Two ways from one source to one stage: neither may wait for the other. */
export const diamond: Profile = {
  name: 'diamond',
  streams: 1,
  late: false,
  topology: (ends) =>
    begin(ends).build(({ events }) => {
      const fives = events.keyBy('key').window(tumbling('5s'), { name: 'fives' }).aggregate({ n: count() })
      const ones = events.keyBy('key').window(tumbling('1s'), { name: 'ones' }).aggregate({ n: count() })
      const both = fives
        .union(ones)
        .keyBy('key')
        .window(tumbling('10s'), { name: 'both' })
        .aggregate({ windows: count(), n: sum('n') })
      return { out: both.to(ends.out) }
    }),
}
