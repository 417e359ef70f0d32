import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startKinesis, type StreamView } from '@millrace/kinesis/testing'
import { expect, test, vi } from 'vitest'

const main = join(import.meta.dirname, 'fixtures/kinesis-ids-main.ts')
const count = 20_000
const waiting = { timeout: 40_000, interval: 50 }

function start(which: 'writing' | 'reading', state: string, set: object, checkpointMs = 100): ChildProcess {
  const args = ['--conditions', '@millrace/source', main, which, state, JSON.stringify(set), `${checkpointMs}`]
  return spawn(process.execPath, args, { stdio: 'ignore' })
}

const lengthOf = (stream: StreamView): number =>
  stream.shards.reduce((sum, shard) => sum + stream.records(shard).length, 0)

test('what is put again after a crash counts once where it is read, by its id', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-ids-'))
  await using kinesis = await startKinesis({ limits: false })
  const stream = kinesis.create('s', 2)
  const [input, out] = [join(folder, 'numbers.ndjson'), join(folder, 'out')]
  writeFileSync(input, Array.from({ length: count }, (_, n) => `{"n":${n}}\n`).join(''))
  const { endpoint } = kinesis

  // killed once it has put something, none of which is in a checkpoint
  const slow = kinesis.faults.inject({ operation: 'PutRecords', kind: { type: 'slow', ms: 200 } })
  const first = start('writing', join(folder, 'writing.db'), { endpoint, input }, 3_600_000)
  await vi.waitFor(() => expect(lengthOf(stream)).toBeGreaterThan(count / 8), { ...waiting, interval: 1 })
  first.kill('SIGKILL')
  await once(first, 'exit')
  slow.remove()
  const second = start('writing', join(folder, 'writing.db'), { endpoint, input })
  expect(await once(second, 'exit')).toEqual([0, null])
  expect(lengthOf(stream)).toBeGreaterThan(count)

  const found = (): number[] =>
    globSync(`${out}/*.ndjson`)
      .flatMap((path) => readFileSync(path, 'utf8').trim().split('\n'))
      .map((line) => (JSON.parse(line) as { n: number }).n)
      .toSorted((a, b) => a - b)
  const reading = (): ChildProcess => start('reading', join(folder, 'reading.db'), { endpoint, out })
  const reader = reading()
  await vi.waitFor(() => expect(found().length).toBeGreaterThan(0), waiting)
  reader.kill('SIGKILL')
  await once(reader, 'exit')
  const again = reading()
  await vi.waitFor(() => expect(found()).toHaveLength(count), waiting)
  again.kill('SIGTERM')
  await once(again, 'exit')
  expect(found()).toEqual(Array.from({ length: count }, (_, n) => n))
}, 90_000)
