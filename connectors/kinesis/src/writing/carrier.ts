import { encodeAggregate, type Member } from '../wire/aggregate.ts'
import type { Entry } from './entry.ts'
import { bufferOf, type RecordData } from './record-bytes.ts'
import { type RecordKey, recordKeyOf } from './record-key.ts'

/** A record of Kinesis: one entry, or several as an aggregate. */
export interface Carrier extends RecordData {
  readonly key: RecordKey
  /** Data and key, as the limits count them. */
  readonly bytes: number
  /** Of the lane that it was taken from. */
  shardId: string
  /** Of an aggregate; one that is put alone carries itself. */
  readonly members: readonly Entry[] | undefined
}

/** What several entries are put under: who reads looks at the keys within. */
const aggregateKey = 'a'
/** Of table entries, indexes and lengths in an aggregate, at most. */
const overheadBytes = 24
const magicAndDigestBytes = 20

/** The entries of a carrier. */
export const entriesOf = (carrier: Carrier): readonly Entry[] => carrier.members ?? [carrier as Entry]

/** Several entries of one shard as an aggregate; one alone is put plain, and knows its shard. */
export function aggregateOf(members: readonly Entry[], shardId: string): Carrier {
  const [first] = members
  if (first === undefined) throw new RangeError('an aggregate of nothing')
  if (members.length === 1) return first
  const slab = bufferOf(encodeAggregate(members.map(memberOf)))
  const key = recordKeyOf(aggregateKey, BigInt(`0x${first.key.hash}`).toString())
  return { key, slab, start: 0, end: slab.length, bytes: slab.length + key.bytes, shardId, members }
}

const memberOf = ({ key: { partitionKey, explicitHashKey }, slab, start, end }: Entry): Member => ({
  partitionKey,
  explicitHashKey,
  data: slab.subarray(start, end),
})

/** What an entry adds to an aggregate at most. */
export const bytesInAggregate = ({ bytes, key }: Entry): number =>
  bytes + (key.explicitHashKey?.length ?? 0) + overheadBytes

/** An aggregate of nothing yet. */
export const emptyAggregateBytes: number = magicAndDigestBytes + aggregateKey.length
