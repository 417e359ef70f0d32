import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { from, int, json, topology } from '@millrace/core'
import { collecting } from '@millrace/core/testing'
import { kinesis } from '@millrace/kinesis'
import { type KinesisStandIn, startKinesis } from '@millrace/kinesis/testing'
import { start } from '@millrace/runtime'
import { expect, test, vi } from 'vitest'

const waiting = { timeout: 20_000, interval: 10 }

function jobOf(server: KinesisStandIn) {
  const out = collecting<{ n: number }>()
  const decode = json({ n: int() })
  const latest = topology('latest')
    .sources(() => ({
      numbers: from(
        kinesis({ stream: 's', decode, startAt: 'latest', discoverEvery: '50ms', ...server.clientOptions }),
      ),
    }))
    .build(({ numbers }) => ({ out: numbers.to(out) }))
  return { out, latest }
}

/** A stream with old records, that was split: its children wait for their parent. */
async function splitStream(server: KinesisStandIn) {
  const stream = server.create('s', 1)
  const put = (n: number): void => void stream.put(`k${n}`, JSON.stringify({ n }))
  for (let n = 0; n < 20; n++) put(-1)
  stream.split(stream.shards[0] ?? '')
  for (let n = 0; n < 20; n++) put(-1)
  const since = Date.now()
  await vi.waitUntil(() => Date.now() > since)
  return { stream, put }
}

test('a job that begins at the latest loses nothing of the children of a split', async () => {
  await using server = await startKinesis({ limits: false })
  const { stream, put } = await splitStream(server)
  const { out, latest } = jobOf(server)
  const hold = server.faults.inject({ operation: 'GetRecords', kind: { type: 'slow', ms: 300 } })
  const job = start(latest, { checkpointEvery: '50ms' })
  await vi.waitUntil(() => hold.hits > 0, waiting)
  // these reach children before their parent is read to its end
  for (let n = 0; n < 10; n++) put(n)
  const [left = ''] = stream.openShards
  stream.split(left)
  for (let n = 10; n < 20; n++) put(n)
  const [, second = '', third = ''] = stream.openShards
  stream.merge(second, third)
  for (let n = 20; n < 30; n++) put(n)
  const found = (): number[] => out.committed.map(({ n }) => n).toSorted((a, b) => a - b)
  await vi.waitFor(() => expect(found().length).toBeGreaterThanOrEqual(30), waiting)
  await job.stop()
  expect(found()).toEqual(Array.from({ length: 30 }, (_, n) => n))
}, 60_000)

test.each(['ListShards', 'GetRecords'])(
  'a job that begins at the latest, and is stopped while it waits for its first %s, begins where it would have',
  async (operation) => {
    await using server = await startKinesis({ limits: false })
    const { put } = await splitStream(server)
    const state = join(mkdtempSync(join(tmpdir(), 'millrace-latest-')), 'state.db')
    const hold = server.faults.inject({ operation, kind: { type: 'cut' } })
    for (let life = 0; life < 3; life++) {
      const before = hold.hits
      const job = start(jobOf(server).latest, { state, checkpointEvery: '50ms' })
      await vi.waitUntil(() => hold.hits > before, waiting)
      await job.stop()
      for (let n = 0; n < 10; n++) put(life * 10 + n)
    }
    hold.remove()
    const { out, latest } = jobOf(server)
    const job = start(latest, { state, checkpointEvery: '50ms' })
    const found = (): number[] => out.committed.map(({ n }) => n).toSorted((a, b) => a - b)
    await vi.waitFor(() => expect(found().length).toBeGreaterThanOrEqual(30), waiting)
    await job.stop()
    expect(found()).toEqual(Array.from({ length: 30 }, (_, n) => n))
  },
  60_000,
)
