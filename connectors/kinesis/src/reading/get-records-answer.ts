/** Raw records of one answer: data in one piece of memory, the rest as text that is read when it is asked for. */
export interface RawRecords {
  /** Holds all data; record `i` lies at `bytes[starts[i]]` up to, not including, `bytes[ends[i]]`. */
  readonly bytes: Buffer
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly length: number
  sequenceNumber(i: number): string
  partitionKey(i: number): string
  /** In ms since 1970. */
  arrival(i: number): number
}

/** What GetRecords has answered. */
export interface GetRecordsAnswer {
  readonly records: RawRecords
  /** Of data and keys, as the limits count them. */
  readonly bytes: number
  /** Undefined when the shard is closed and read to its end. */
  readonly nextIterator: string | undefined
  readonly millisBehindLatest: number
  readonly childShards: readonly { readonly ShardId?: string; readonly ParentShards?: readonly string[] }[]
}

interface Frame {
  readonly NextShardIterator?: string | null
  readonly MillisBehindLatest?: number
  readonly ChildShards?: GetRecordsAnswer['childShards'] | null
}

interface PlainRecord {
  readonly SequenceNumber?: string
  readonly PartitionKey?: string
  readonly Data?: string
  readonly ApproximateArrivalTimestamp?: number
}

const recordsKey = '"Records":['
/** `memory(bytes)` gives at least so many bytes, which are this answer's as long as it is read. Called once an answer. */
export type Memory = (bytes: number) => Buffer

/**
 * Reads the JSON of an answer. The SDK's own way costs several times as much: it makes a `Uint8Array`, a `Date` and an object of
 * each record. What does not look as expected goes through `JSON.parse`.
 */
export function readGetRecords(body: Buffer, memory: Memory): GetRecordsAnswer {
  const text = body.toString('latin1')
  // base64 is longer than what it holds. Once, whichever way the answer is read: the next piece may be that of the answer before
  const bytes = memory((body.length * 3) >> 2)
  const scanned = scan(text, bytes)
  if (scanned !== undefined) return scanned
  const parsed = JSON.parse(body.toString()) as Frame & { readonly Records?: readonly PlainRecord[] }
  const { Records = [] } = parsed
  const keyBytes = Records.reduce((sum, { PartitionKey = '' }) => sum + Buffer.byteLength(PartitionKey), 0)
  return answerOf(parsed, rawOf(Records, bytes), keyBytes)
}

function rawOf(records: readonly PlainRecord[], bytes: Buffer): RawRecords {
  const all = records.map(({ Data = '' }) => Buffer.from(Data, 'base64'))
  return rawOfBytes(
    all,
    records.map((record) => ({ ...record, arrivalMs: Math.round((record.ApproximateArrivalTimestamp ?? 0) * 1000) })),
    bytes,
  )
}

/** Records that were decoded already, as those of subscriptions are; `bytes` has room for all of them. */
export function rawOfBytes(
  all: readonly Uint8Array[],
  records: readonly {
    readonly SequenceNumber?: string | undefined
    readonly PartitionKey?: string | undefined
    readonly arrivalMs: number
  }[],
  bytes: Buffer,
): RawRecords {
  const [starts, ends] = [new Uint32Array(all.length), new Uint32Array(all.length)]
  let at = 0
  all.forEach((data, i) => {
    bytes.set(data, at)
    starts[i] = at
    ends[i] = at += data.length
  })
  return {
    bytes,
    starts,
    ends,
    length: all.length,
    sequenceNumber: (i) => records[i]?.SequenceNumber ?? '',
    partitionKey: (i) => records[i]?.PartitionKey ?? '',
    arrival: (i) => records[i]?.arrivalMs ?? 0,
  }
}

const answerOf = (frame: Frame, records: RawRecords, keyBytes: number): GetRecordsAnswer => ({
  records,
  bytes: keyBytes + (records.ends[records.length - 1] ?? 0),
  nextIterator: frame.NextShardIterator ?? undefined,
  millisBehindLatest: frame.MillisBehindLatest ?? 0,
  childShards: frame.ChildShards ?? [],
})

/** Ranges of `text`: what the fields of a record are. Four numbers a record. */
interface Ranges {
  numbers: Int32Array
  keys: Int32Array
  arrivals: Float64Array
}

/** @returns undefined where something is not as it always was */
function scan(text: string, bytes: Buffer): GetRecordsAnswer | undefined {
  const begin = text.indexOf(recordsKey)
  if (begin < 0 || text.includes('\\')) return undefined
  const first = begin + recordsKey.length
  let capacity = Math.max(16, ((text.length - first) / 150) | 0)
  let starts = new Uint32Array(capacity)
  let ends = new Uint32Array(capacity)
  let ranges: Ranges = rangesOf(capacity)
  let [at, length, used, keyBytes] = [first, 0, 0, 0]
  while (text.charCodeAt(at) === 123 /* { */) {
    if (length === capacity) {
      capacity *= 2
      ;[starts, ends, ranges] = [grown(starts, capacity), grown(ends, capacity), grownRanges(ranges, capacity)]
    }
    let fields = 0
    at++
    for (;;) {
      if (text.charCodeAt(at) !== 34 /* " */) return undefined
      const keyEnd = text.indexOf('"', at + 1)
      const kind = text.charCodeAt(at + 1)
      const keyLength = keyEnd - at - 1
      at = keyEnd + 2
      if (text.charCodeAt(keyEnd + 1) !== 58 /* : */) return undefined
      const isText = text.charCodeAt(at) === 34
      const valueEnd = isText ? text.indexOf('"', at + 1) : endOfNumber(text, at)
      if (valueEnd < 0) return undefined
      if (kind === 68 /* D */ && keyLength === 4 && isText) {
        starts[length] = used
        used += bytes.write(text.slice(at + 1, valueEnd), used, 'base64')
        ends[length] = used
        fields |= 1
      } else if (kind === 83 /* S */ && keyLength === 14 && isText) {
        ranges.numbers[2 * length] = at + 1
        ranges.numbers[2 * length + 1] = valueEnd
        fields |= 2
      } else if (kind === 80 /* P */ && keyLength === 12 && isText) {
        ranges.keys[2 * length] = at + 1
        ranges.keys[2 * length + 1] = valueEnd
        keyBytes += valueEnd - at - 1
        fields |= 4
      } else if (kind === 65 /* A */ && keyLength === 27 && !isText) {
        ranges.arrivals[length] = Number(text.slice(at, valueEnd)) * 1000
        fields |= 8
      } else if (kind !== 69 /* E: EncryptionType */) return undefined
      at = isText ? valueEnd + 1 : valueEnd
      const next = text.charCodeAt(at)
      at++
      if (next === 125 /* } */) break
      if (next !== 44 /* , */) return undefined
    }
    if ((fields & 3) !== 3) return undefined
    length++
    if (text.charCodeAt(at) === 44) at++
  }
  if (text.charCodeAt(at) !== 93 /* ] */) return undefined
  const frame = JSON.parse(text.slice(0, first) + text.slice(at)) as Frame
  return answerOf(frame, rawOfText(text, { bytes, starts, ends, length }, ranges), keyBytes)
}

const rangesOf = (capacity: number): Ranges => ({
  numbers: new Int32Array(2 * capacity),
  keys: new Int32Array(2 * capacity),
  arrivals: new Float64Array(capacity),
})

const grownRanges = ({ numbers, keys, arrivals }: Ranges, capacity: number): Ranges => {
  const larger = rangesOf(capacity)
  larger.numbers.set(numbers)
  larger.keys.set(keys)
  larger.arrivals.set(arrivals)
  return larger
}

function grown(array: Uint32Array<ArrayBuffer>, capacity: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(capacity)
  larger.set(array)
  return larger
}

function endOfNumber(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 44 || code === 125) return i
  }
  return -1
}

type Slab = Pick<RawRecords, 'bytes' | 'starts' | 'ends' | 'length'>

const rawOfText = (text: string, slab: Slab, { numbers, keys, arrivals }: Ranges): RawRecords => ({
  ...slab,
  sequenceNumber: (i) => text.slice(numbers[2 * i], numbers[2 * i + 1]),
  // the text holds bytes of UTF-8
  partitionKey: (i) => Buffer.from(text.slice(keys[2 * i], keys[2 * i + 1]), 'latin1').toString(),
  arrival: (i) => Math.round(arrivals[i] ?? 0),
})
