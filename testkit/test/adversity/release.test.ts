import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { startKinesis } from '@millrace/kinesis/testing'
import { expect, onTestFinished, test, vi } from 'vitest'

const bin = resolve(import.meta.dirname, '../../../runtime/bin/millrace.js')
const topology = resolve(import.meta.dirname, 'fixtures/kinesis-numbers.ts')
const env = { ...process.env, NODE_OPTIONS: '' }

test('what a stopped job has registered at Kinesis is given back', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'millrace-release-'))
  await using kinesis = await startKinesis({ limits: false })
  const stream = kinesis.create('s', 1)
  stream.put('k', '{"n":1}')
  const calls = (operation: string): number => kinesis.calls.filter((call) => call.operation === operation).length
  const set = [`endpoint=${kinesis.endpoint}`, `out=${cwd}/out`, 'consumer=c'].flatMap((pair) => ['--set', pair])

  const job = spawn(process.execPath, [bin, 'run', topology, ...set], { cwd, env, stdio: 'ignore' })
  onTestFinished(() => void job.kill('SIGKILL'))
  await vi.waitUntil(() => kinesis.subscriptions === 1, { timeout: 30_000 })
  job.kill('SIGTERM')
  await once(job, 'exit')
  // a job that is stopped may go on: the consumer stays
  expect([calls('RegisterStreamConsumer'), calls('DeregisterStreamConsumer')]).toEqual([1, 0])

  const release = (): Promise<{ stdout: string }> =>
    promisify(execFile)(process.execPath, [bin, 'release', topology, ...set], { cwd, env })
  expect((await release()).stdout).toBe('numbers: consumer c of stream s is released\n')
  expect(calls('DeregisterStreamConsumer')).toBe(1)
  expect((await release()).stdout).toBe('kinesis-numbers holds nothing elsewhere\n')
}, 60_000)
