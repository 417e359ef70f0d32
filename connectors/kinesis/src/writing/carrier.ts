import { encodeAggregate } from '../wire/aggregate.ts'
import type { Entry } from './entry.ts'

/** A record of Kinesis: one entry, or several as an aggregate. */
export interface Carrier {
  readonly entries: readonly Entry[]
  /** Of the lane that it was taken from. */
  readonly shardId: string
  readonly partitionKey: string
  readonly explicitHashKey: string | undefined
  readonly data: Uint8Array
  /** Data and key, as the limits count them. */
  readonly bytes: number
}

/** What several entries are put under: who reads looks at the keys within. */
const aggregateKey = 'a'
/** Of table entries, indexes and lengths in an aggregate, at most. */
const overheadBytes = 24
const magicAndDigestBytes = 20

/** One entry as it is. */
export function carrierOf(entry: Entry, shardId: string): Carrier {
  const { partitionKey, explicitHashKey, data, bytes } = entry
  return { entries: [entry], shardId, partitionKey, explicitHashKey, data, bytes }
}

/** Several entries of one shard as an aggregate; one alone is put plain. */
export function aggregateOf(entries: readonly Entry[], shardId: string): Carrier {
  const [first] = entries
  if (first === undefined) throw new RangeError('an aggregate of nothing')
  if (entries.length === 1) return carrierOf(first, shardId)
  const data = encodeAggregate(entries)
  const explicitHashKey = BigInt(`0x${first.hash}`).toString()
  const bytes = data.length + aggregateKey.length
  return { entries, shardId, partitionKey: aggregateKey, explicitHashKey, data, bytes }
}

/** What an entry adds to an aggregate at most. */
export const bytesInAggregate = ({ bytes, explicitHashKey }: Entry): number =>
  bytes + (explicitHashKey?.length ?? 0) + overheadBytes

/** An aggregate of nothing yet. */
export const emptyAggregateBytes: number = magicAndDigestBytes + aggregateKey.length
