import type { Source } from '@millrace/core'
import { eventTimes } from './event-times.ts'
import type { EventTimeOptions } from './event-times.ts'
import { generate } from './generate.ts'
import type { GeneratedMeta } from './generate.ts'
import type { Random } from './random.ts'

/** Somebody who sells and bids. */
export interface Person {
  readonly id: number
  readonly name: string
  readonly city: string
  readonly state: string
  readonly at: number
}

/** Something that is sold. */
export interface Auction {
  readonly id: number
  readonly item: string
  readonly seller: number
  readonly category: number
  readonly initialBid: number
  readonly at: number
  /** When it ends, in ms since 1970. */
  readonly expires: number
}

/** An offer. */
export interface Bid {
  readonly auction: number
  readonly bidder: number
  readonly price: number
  readonly at: number
}

const firstNames = ['Anna', 'Ben', 'Chloé', 'Deepak', 'Emre', 'Fatima', 'Goro', 'Helga'] as const
const lastNames = ['Abe', 'Brandt', 'Costa', 'Dubois', 'Evans', 'Farah', 'Gupta'] as const
const cities = [
  ['Portland', 'OR'],
  ['Seattle', 'WA'],
  ['Boise', 'ID'],
  ['San Francisco', 'CA'],
  ['Phoenix', 'AZ'],
] as const
const items = ['atlas', 'bicycle', 'camera', 'desk', 'easel', 'flute', 'guitar'] as const

/** Of fifty events in a row one is a new person, three are auctions, and the rest bids, as in Nexmark. */
const round = 50
const kinds = { person: { from: 0, count: 1 }, auction: { from: 1, count: 3 }, bid: { from: 4, count: 46 } }

/** Number of the `index`-th record of a kind among all events, which the streams share. */
const eventOf = ({ from, count }: typeof kinds.bid, index: number): number =>
  Math.floor(index / count) * round + from + (index % count)

/** How many records of a kind there are before an event. */
const countBefore = ({ from, count }: typeof kinds.bid, event: number): number =>
  Math.floor(event / round) * count + Math.min(count, Math.max(0, (event % round) - from))

/** Nobody refers to what is older than this many of its kind. */
const recent = 100

/** One of the last of a kind, mostly of the very last. */
function recentOf(kind: typeof kinds.bid, event: number, random: Random): number {
  const known = Math.max(1, countBefore(kind, event))
  return known - 1 - random.skewed(Math.min(recent, known))
}

/** Options of {@link persons}, {@link auctions} and {@link bids}; the same for all three, so that they fit together. */
export type NexmarkOptions = EventTimeOptions

/** New users of an auction site; the dimension stream of the Nexmark queries. */
export function persons(options: NexmarkOptions = {}): Source<Person, GeneratedMeta> {
  const timeOf = eventTimes(options)
  return generate((random, id) => {
    const at = timeOf(random, eventOf(kinds.person, id))
    const [city, state] = random.pick(cities)
    return { id, name: `${random.pick(firstNames)} ${random.pick(lastNames)}`, city, state, at }
  }, options)
}

/** Auctions of the users of {@link persons}. */
export function auctions(options: NexmarkOptions = {}): Source<Auction, GeneratedMeta> {
  const timeOf = eventTimes(options)
  return generate((random, id) => {
    const event = eventOf(kinds.auction, id)
    const at = timeOf(random, event)
    return {
      id,
      item: random.pick(items),
      seller: recentOf(kinds.person, event, random),
      category: 10 + random.below(5),
      initialBid: 100 + random.below(10_000),
      at,
      expires: at + 10_000 + random.below(50_000),
    }
  }, options)
}

/** Bids of the users of {@link persons} on what {@link auctions} offers. */
export function bids(options: NexmarkOptions = {}): Source<Bid, GeneratedMeta> {
  const timeOf = eventTimes(options)
  return generate((random, index) => {
    const event = eventOf(kinds.bid, index)
    return {
      auction: recentOf(kinds.auction, event, random),
      bidder: recentOf(kinds.person, event, random),
      price: Math.floor(100 * 10 ** (random.next() * 4)),
      at: timeOf(random, event),
    }
  }, options)
}
