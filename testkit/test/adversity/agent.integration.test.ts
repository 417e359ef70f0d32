import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, copyFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type KinesisStandIn, startKinesis } from '@millrace/kinesis/testing'
import { afterEach, expect, test, vi } from 'vitest'

const bin = resolve(import.meta.dirname, '../../../runtime/bin/millrace.js')
const waiting = { timeout: 30_000, interval: 50 }
const running: ChildProcess[] = []

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

async function setUp(flow: object = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-agent-'))
  const server = await startKinesis({ limits: false })
  server.create('logs', 2)
  const flows = [
    { filePattern: join(folder, 'app.log*'), kinesisStream: 'logs', initialPosition: 'START_OF_FILE', ...flow },
  ]
  const config = {
    'kinesis.endpoint': server.endpoint,
    'kinesis.region': 'us-east-1',
    awsAccessKeyId: 'a',
    awsSecretAccessKey: 'b',
    flows,
  }
  writeFileSync(join(folder, 'agent.json'), JSON.stringify(config))
  return { folder, log: join(folder, 'app.log'), server }
}

function startAgent(folder: string): ChildProcess {
  const args = [bin, 'agent', 'agent.json', '--state', 'agent.db', '--checkpoint-every', '100ms']
  const child = spawn(process.execPath, args, {
    cwd: folder,
    stdio: 'ignore',
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  running.push(child)
  return child
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<unknown> {
  child.kill(signal)
  const [code] = (await once(child, 'exit')) as [unknown]
  return code
}

function putIn(server: KinesisStandIn): string[] {
  const stream = server.stream('logs')
  return stream.shards.flatMap((shard) => stream.records(shard).map(({ data }) => data.toString()))
}

const lines = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `line ${from + i}\n`)

test('puts every line through rename, copy and truncate, and a restart', async () => {
  const { folder, log, server } = await setUp()
  const write = (from: number, to: number): void => appendFileSync(log, lines(from, to).join(''))
  const all = (to: number) => vi.waitFor(() => expect(new Set(putIn(server))).toEqual(new Set(lines(0, to))), waiting)
  write(0, 100)
  const first = startAgent(folder)
  await all(100)
  renameSync(log, `${log}.1`)
  write(100, 200)
  await all(200)
  expect(await end(first, 'SIGTERM')).toBe(0)
  // nothing was in doubt: each is there once
  expect(putIn(server)).toHaveLength(200)

  write(200, 300)
  const second = startAgent(folder)
  await all(300)
  write(300, 350)
  await end(second, 'SIGKILL')
  write(350, 400)
  const third = startAgent(folder)
  await all(400)
  copyFileSync(log, join(folder, 'copy'))
  truncateSync(log, 0)
  write(400, 450)
  await all(450)
  expect(await end(third, 'SIGTERM')).toBe(0)
  // only what was put since the last checkpoint before the kill may be there twice
  const repeated = putIn(server).length - 450
  expect(repeated).toBeLessThanOrEqual(50)
  await server.stop()
}, 60_000)

test('keeps stack traces whole, cuts what is too long, and holds a line back until it has ended', async () => {
  const { folder, log, server } = await setUp({
    multiLineStartPattern: '\\[',
    skipHeaderLines: 1,
    truncatedRecordTerminator: '…\n',
  })
  writeFileSync(log, `# header\n[1] error\n  at a\n  at b\n[2] ${'x'.repeat(1_100_000)}\n[3] part`)
  const agent = startAgent(folder)
  await vi.waitFor(() => expect(putIn(server)).toHaveLength(2), waiting)
  const [trace, long] = putIn(server).toSorted()
  expect(trace).toBe('[1] error\n  at a\n  at b\n')
  expect(long).toMatch(/^\[2\] x+…\n$/)
  expect(Buffer.byteLength(long ?? '')).toBe(1_048_576 - 32)
  appendFileSync(log, 'ial\n')
  await vi.waitFor(() => expect(putIn(server)).toContain('[3] partial\n'), waiting)
  await end(agent, 'SIGTERM')
  await server.stop()
}, 60_000)
