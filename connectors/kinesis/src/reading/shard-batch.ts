import type { Position, Records } from '@millrace/core'
import { aggregateRanges, type MemberRange } from '../wire/aggregate.ts'
import type { RawRecords } from './get-records-answer.ts'
import type { KinesisMeta } from './kinesis-meta.ts'
import { afterRecord, atRecord, isBefore, type RecordPosition } from './position.ts'

/** Which shard records are of. */
export interface ShardName {
  /** Id of the partition. */
  readonly partition: string
  readonly stream: string
  readonly shardId: string
}

const mostRows = 4_096

/** Records of one answer, aggregates taken apart, to be handed on in pieces. */
export class ShardBatch {
  readonly #raw: RawRecords
  readonly #name: ShardName
  readonly #starts: Uint32Array
  readonly #ends: Uint32Array
  /** Of each row: the record that it is of. */
  readonly #records: Uint32Array
  /** Of each row of an aggregate. Undefined where there is none. */
  readonly #members: readonly (MemberRange | undefined)[] | undefined
  readonly #subs: Uint32Array | undefined
  readonly #counts: Uint32Array | undefined
  readonly #length: number
  #next = 0

  /** Rows of the record of `from` that lie before it are left out: they were read before. */
  constructor(
    raw: RawRecords,
    name: ShardName,
    options: { readonly isAggregated: boolean; readonly from: RecordPosition | undefined },
  ) {
    this.#raw = raw
    this.#name = name
    const rows = options.isAggregated ? takenApart(raw) : undefined
    this.#starts = rows?.starts ?? raw.starts
    this.#ends = rows?.ends ?? raw.ends
    this.#records = rows?.records ?? ownNumbers(raw.length)
    this.#members = rows?.members
    this.#subs = rows?.subs
    this.#counts = rows?.counts
    this.#length = rows?.length ?? raw.length
    const { from } = options
    if (from !== undefined) while (this.#next < this.#length && this.#isRead(this.#next, from)) this.#next++
  }

  get isEmpty(): boolean {
    return this.#next >= this.#length
  }

  /** The next rows; `readUpTo` goes with the last of them. */
  take(readUpTo: number | undefined): Records<never, KinesisMeta> {
    const first = this.#next
    const length = Math.min(this.#length - first, mostRows)
    this.#next += length
    const slab = {
      bytes: this.#raw.bytes,
      starts: this.#starts.subarray(first, first + length),
      ends: this.#ends.subarray(first, first + length),
      length,
    }
    return {
      type: 'records',
      slab,
      arrival: this.#raw.arrival(this.#records[first] ?? 0),
      position: this.#after(first + length - 1, this.isEmpty ? readUpTo : undefined),
      positionOf: (row) =>
        atRecord(this.#raw.sequenceNumber(this.#records[first + row] ?? 0), this.#subs?.[first + row]),
      metaOf: (row) => this.#metaOf(first + row),
      ...(this.#next < this.#length && { backlog: this.#length - this.#next }),
    }
  }

  #isRead(row: number, from: RecordPosition): boolean {
    return isBefore(this.#raw.sequenceNumber(this.#records[row] ?? 0), this.#subs?.[row] ?? 0, from)
  }

  #after(row: number, readUpTo: number | undefined): Position {
    const record = this.#records[row] ?? 0
    const sub = this.#subs?.[row] ?? 0
    const isLast = sub + 1 >= (this.#counts?.[record] ?? 1)
    return afterRecord(this.#raw.sequenceNumber(record), isLast ? undefined : sub, readUpTo)
  }

  #metaOf(row: number): KinesisMeta {
    const record = this.#records[row] ?? 0
    const member = this.#members?.[row]
    return {
      ...this.#name,
      arrival: this.#raw.arrival(record),
      sequenceNumber: this.#raw.sequenceNumber(record),
      subSequenceNumber: this.#subs?.[row] ?? 0,
      partitionKey: member?.partitionKey ?? this.#raw.partitionKey(record),
      ...(member?.explicitHashKey !== undefined && { explicitHashKey: member.explicitHashKey }),
    }
  }
}

interface Rows {
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly records: Uint32Array
  readonly subs: Uint32Array
  readonly members: readonly (MemberRange | undefined)[]
  /** Number of rows of each record. */
  readonly counts: Uint32Array
  readonly length: number
}

const firstMagicByte = 0xf3

/** @returns undefined where no record is an aggregate */
function takenApart({ bytes, starts, ends, length }: RawRecords): Rows | undefined {
  let first = 0
  while (first < length && bytes[starts[first] ?? 0] !== firstMagicByte) first++
  if (first === length) return undefined
  const rows: [start: number, end: number, record: number, sub: number, member: MemberRange | undefined][] = []
  const counts = new Uint32Array(length)
  for (let record = 0; record < length; record++) {
    const [start, end] = [starts[record] ?? 0, ends[record] ?? 0]
    const members = aggregateRanges(bytes, start, end)
    // an aggregate of nothing is handed on as it is: nothing is dropped in silence
    if (members === undefined || members.length === 0) rows.push([start, end, record, 0, undefined])
    else members.forEach((member, sub) => rows.push([member.start, member.end, record, sub, member]))
    counts[record] = Math.max(1, members?.length ?? 1)
  }
  const column = (i: 0 | 1 | 2 | 3): Uint32Array => Uint32Array.from(rows, (row) => row[i])
  return {
    starts: column(0),
    ends: column(1),
    records: column(2),
    subs: column(3),
    members: rows.map((row) => row[4]),
    counts,
    length: rows.length,
  }
}

const ownNumbers = (length: number): Uint32Array => Uint32Array.from({ length }, (_, i) => i)
