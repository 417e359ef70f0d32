import { decodeAggregate, encodeAggregate, type Member } from '@millrace/kinesis'
import { describe, expect, test } from 'vitest'
import { missingPython, python } from '../support/python-aggregation.ts'

const writing = `
import sys, json, base64
from aws_kinesis_agg.aggregator import RecordAggregator
a = RecordAggregator()
for key, data, hash in json.load(sys.stdin):
    a.add_user_record(key, base64.b64decode(data), hash)
print(base64.b64encode(a.clear_and_get().get_contents()[2]).decode())
`

const reading = `
import sys, json, base64
from aws_kinesis_agg.deaggregator import deaggregate_records
data = sys.stdin.read()
record = {'kinesis': {'kinesisSchemaVersion': '1.0', 'sequenceNumber': '1', 'approximateArrivalTimestamp': 1, 'partitionKey': 'a', 'data': data}, 'eventVersion': '1.0', 'eventID': 'x', 'eventName': 'x', 'invokeIdentityArn': 'x', 'awsRegion': 'x', 'eventSource': 'x', 'eventSourceARN': 'x'}
text = lambda data: data.decode() if isinstance(data, bytes) else data
print(json.dumps([[r['kinesis']['partitionKey'], text(r['kinesis']['data']), r['kinesis'].get('explicitHashKey')] for r in deaggregate_records([record])]))
`

const members: Member[] = Array.from({ length: 300 }, (_, i) => ({
  partitionKey: i % 7 === 0 ? `日本-${i % 5}` : `user-${i % 11}`,
  explicitHashKey: i % 3 === 0 ? String(2n ** 127n + BigInt(i % 4)) : undefined,
  data: Buffer.from('x'.repeat(i % 50) + i),
}))

const rows = (all: readonly Member[] | undefined): unknown[][] =>
  (all ?? []).map(({ partitionKey, data, explicitHashKey }) => [
    partitionKey,
    Buffer.from(data).toString('base64'),
    explicitHashKey ?? null,
  ])

const missing = missingPython()
if (missing !== undefined) console.warn(`Skipped: aggregates beside aws-kinesis-agg: ${missing}`)

describe.skipIf(missing !== undefined)('beside aws-kinesis-agg of Python', () => {
  test('it reads what we write', () => {
    // it gives a record without an explicit hash key the first one of the table: what keys and data it finds counts
    const read = JSON.parse(python(reading, encodeAggregate(members).toString('base64'))) as unknown[][]
    expect(read.map(([key, data]) => [key, data])).toEqual(rows(members).map(([key, data]) => [key, data]))
  })

  test('we read what it writes, and write the same bytes', () => {
    const theirs = Buffer.from(python(writing, JSON.stringify(rows(members))).trim(), 'base64')
    expect(rows(decodeAggregate(theirs))).toEqual(rows(members))
    expect(encodeAggregate(members).equals(theirs)).toBe(true)
  })
})
