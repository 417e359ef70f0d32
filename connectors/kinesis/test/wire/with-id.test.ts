import { ByteWriter, int, json, type SinkContext, string } from '@millrace/core'
import { kinesisSink, readId, writeId } from '@millrace/kinesis'
import { startKinesis } from '@millrace/kinesis/testing'
import { expect, test } from 'vitest'

const rows = json({ key: string(), n: int() })
const writing = writeId(rows, ({ key, n }) => `${key}/${n}`)

/** Decodes some records. */
function decode(all: readonly Uint8Array[]): { values: unknown[]; refused: [number, string][] } {
  const bytes = Buffer.concat(all)
  const [starts, ends] = [new Uint32Array(all.length), new Uint32Array(all.length)]
  let at = 0
  all.forEach(({ length }, i) => {
    starts[i] = at
    ends[i] = at += length
  })
  const [values, refused]: [unknown[], [number, string][]] = [[], []]
  const slab = { bytes, starts, ends, length: all.length }
  const decoder = readId(rows).decoder()
  const count = decoder.decode(slab, 0, all.length, values, new Int32Array(all.length), (row, error) =>
    refused.push([row, (error as Error).message]),
  )
  return { values: values.slice(0, count), refused }
}

function encode(key: string, n: number): Uint8Array {
  const out = new ByteWriter()
  writing.encoder().encode({ key, n }, out)
  return out.view().slice()
}

test('gives ids back, and refuses what has none', () => {
  const long = 'k'.repeat(500)
  const { values, refused } = decode([
    encode('a', 1),
    Buffer.from('{"key":"b","n":2}'),
    encode(long, 3),
    Buffer.from([1, 200]),
  ])
  expect(values).toEqual([
    { id: 'a/1', value: { key: 'a', n: 1 } },
    { id: `${long}/3`, value: { key: long, n: 3 } },
  ])
  expect(refused.map(([row]) => row).toSorted((a, b) => a - b)).toEqual([1, 3])
  expect(refused[0]?.[1]).toMatch(/has no id/)
})

test('a record that is put again after a crash has the id of the first', async () => {
  await using server = await startKinesis()
  const stream = server.create('s', 1)
  const sink = kinesisSink({ stream: 's', encode: writing, ...server.clientOptions })
  const context = (epoch: number): SinkContext => ({
    job: 'j',
    sink: 'out',
    task: 't',
    tenure: { run: 'r', epoch, nonce: `n${epoch}` },
    clock: { now: Date.now },
    signal: new AbortController().signal,
    refuse: ({ error }) => {
      throw error
    },
    state: undefined,
  })
  // the first owner dies between put and checkpoint, the second computes the same again
  for (const epoch of [1, 2]) {
    const writer = await sink.open(context(epoch))
    const values = [1, 2, 3].map((n) => ({ key: 'a', n }))
    await writer.write({ length: 3, values, times: new Float64Array(3) })
    await writer.prepare(1)
    await writer.close()
  }
  const { values } = decode(stream.records(stream.shards[0]!).map(({ data }) => data))
  expect(values).toHaveLength(6)
  expect(new Set(values.map((value) => (value as { id: string }).id))).toEqual(new Set(['a/1', 'a/2', 'a/3']))
})
