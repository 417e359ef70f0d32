import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type GetRecordsAnswer, readGetRecords } from '../../src/reading/get-records-answer.ts'
import { TwoBuffers } from '../../src/reading/two-buffers.ts'

const record = fc.record({
  SequenceNumber: fc.bigInt(0n, 10n ** 56n).map(String),
  ApproximateArrivalTimestamp: fc.nat(2_000_000_000_000).map((ms) => ms / 1000),
  Data: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  PartitionKey: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
})

const answer = fc.record(
  {
    MillisBehindLatest: fc.nat(),
    NextShardIterator: fc.option(fc.base64String()),
    Records: fc.array(record, { maxLength: 40 }),
    ChildShards: fc.array(fc.record({ ShardId: fc.string(), ParentShards: fc.array(fc.string(), { maxLength: 2 }) }), {
      maxLength: 2,
    }),
  },
  { requiredKeys: ['MillisBehindLatest', 'Records'] },
)

const memory = (bytes: number): Buffer => Buffer.alloc(bytes)

const rowsOf = ({ records }: GetRecordsAnswer): unknown[] =>
  Array.from({ length: records.length }, (_, i) => ({
    data: records.bytes.toString('base64', records.starts[i], records.ends[i]),
    number: records.sequenceNumber(i),
    key: records.partitionKey(i),
    arrival: records.arrival(i),
  }))

/** Fields in another order, as no order is promised. */
const shuffled = <T extends object>(value: T, seed: number): T =>
  Object.fromEntries(
    Object.entries(value).toSorted(([a], [b]) => Math.sin(seed * a.length) - Math.sin(seed * b.length)),
  ) as T

test('reads what JSON.parse reads, whatever the keys hold and the order of fields', () => {
  fc.assert(
    fc.property(answer, fc.nat(100), (given, seed) => {
      const records = given.Records.map((each) => shuffled(each, seed))
      const body = Buffer.from(JSON.stringify(shuffled({ ...given, Records: records }, seed)))
      const read = readGetRecords(body, memory)
      expect(rowsOf(read)).toEqual(
        given.Records.map((each) => ({
          data: each.Data,
          number: each.SequenceNumber,
          key: each.PartitionKey,
          arrival: Math.round(each.ApproximateArrivalTimestamp * 1000),
        })),
      )
      expect(read.nextIterator).toBe(given.NextShardIterator ?? undefined)
      expect(read.millisBehindLatest).toBe(given.MillisBehindLatest)
      const bytesOf = ({ Data, PartitionKey }: { Data: string; PartitionKey: string }): number =>
        Buffer.from(Data, 'base64').length + Buffer.byteLength(PartitionKey)
      expect(read.bytes).toBe(given.Records.reduce((sum, each) => sum + bytesOf(each), 0))
      expect(read.childShards).toEqual(given.ChildShards ?? [])
    }),
    { numRuns: 300 },
  )
})

test('reads numbers with exponents, encryption, and blanks', () => {
  const body = Buffer.from(
    '{"Records": [ {"ApproximateArrivalTimestamp":1.75E9,"Data":"YQ==","EncryptionType":"KMS","PartitionKey":"k","SequenceNumber":"7"} ],"MillisBehindLatest":0}',
  )
  for (const each of [body, Buffer.from(body.toString().replaceAll(' ', ''))])
    expect(rowsOf(readGetRecords(each, memory))).toEqual([{ data: 'YQ==', number: '7', key: 'k', arrival: 1.75e12 }])
})

test('an answer leaves the one before as it was, also when it holds what is not known', () => {
  const body = (data: string, extra: object = {}): Buffer =>
    Buffer.from(
      JSON.stringify({
        Records: Array.from({ length: 40 }, (_, i) => ({
          SequenceNumber: `${i}`,
          PartitionKey: 'k',
          Data: data,
          ...extra,
        })),
        MillisBehindLatest: 0,
      }),
    )
  const buffers = new TwoBuffers()
  const next = (bytes: number): Buffer => buffers.next(bytes)
  for (const extra of [{}, { Later: 'field' }, { Later: 'a \\ b' }, { Later: [1] }]) {
    const before = readGetRecords(body('YWFhYQ=='), next)
    const rows = rowsOf(before)
    readGetRecords(body('YmJiYg==', extra), next)
    expect(rowsOf(before)).toEqual(rows)
  }
})
