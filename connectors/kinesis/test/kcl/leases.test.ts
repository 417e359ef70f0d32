import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readLeaseFile } from '../../src/kcl/leases.ts'
import { expect, test } from 'vitest'

const shardId = 'shardId-000000000000'

function read(content: unknown): ReturnType<typeof readLeaseFile> {
  const path = join(mkdtempSync(join(tmpdir(), 'millrace-leases-')), 'leases.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return readLeaseFile(path)
}

test('reads what the command line of AWS prints, and plain rows, with a byte order mark too', () => {
  const row = { leaseKey: { S: shardId }, checkpoint: { S: '495' }, checkpointSubSequenceNumber: { N: '19' } }
  const other = { leaseKey: { S: 'x' }, entityType: { S: 'COORDINATOR' } }
  const lease = { shardId, checkpoint: '495', subSequenceNumber: 19 }
  expect(read({ Items: [row, other], Count: 2, LastEvaluatedKey: null })).toEqual([lease])
  expect(
    read(`\uFEFF${JSON.stringify([{ leaseKey: shardId, checkpoint: '495', checkpointSubSequenceNumber: 19 }])}`),
  ).toEqual([lease])
  const ofStream = { leaseKey: `1:clicks:1700000000:${shardId}`, checkpoint: 'LATEST' }
  expect(read([ofStream])).toEqual([
    { shardId, checkpoint: 'LATEST', subSequenceNumber: 0, stream: { name: 'clicks', createdAt: 1_700_000_000 } },
  ])
})

const lease = { leaseKey: shardId, checkpoint: '495' }

test.each([
  ['{', /cannot be read/],
  ['null', /neither a list of rows nor/],
  [{ Items: [lease], NextToken: 'x' }, /is one page of a table, and there are more/],
  [{ Items: [lease], LastEvaluatedKey: { leaseKey: { S: 'x' } } }, /is one page of a table/],
  [[], /has no lease/],
  [[{ leaseKey: 'x', entityType: 'COORDINATOR' }], /has no lease/],
  [[lease, null], /row 2: is no object/],
  [[{ wid: 'x' }], /row 1: has no leaseKey/],
  [[{ ...lease, checkpoint: 'abc' }], /row 1 \(shardId-000000000000\): the checkpoint 'abc' is neither/],
  [[{ ...lease, checkpointSubSequenceNumber: '-1' }], /checkpointSubSequenceNumber '-1' is no whole number/],
  [[{ ...lease, leaseKey: `1:s:abc:${shardId}` }], /is neither a shard nor account:stream:time:shard/],
  [[lease, lease], /has two leases of shardId-000000000000/],
])('refuses %j', (content, message) => {
  expect(() => read(content)).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringMatching(message) as string }),
  )
})
