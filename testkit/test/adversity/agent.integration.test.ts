import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, copyFileSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
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

function putIn(server: KinesisStandIn, name = 'logs'): string[] {
  const stream = server.stream(name)
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
  // only what the second agent has put may be there twice, as its last checkpoint may be older
  const put = putIn(server)
  const repeated = put.filter((line, i) => put.indexOf(line) < i)
  expect(repeated.filter((line) => !lines(200, 350).includes(line))).toEqual([])
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

test('a flow keeps its positions when another is put in front of it, and what is compressed is not put again', async () => {
  const { folder, log, server } = await setUp({ initialPosition: 'END_OF_FILE', maxBufferAgeMillis: 1_000 })
  server.create('other', 1)
  const path = join(folder, 'agent.json')
  writeFileSync(log, 'old\n')
  const first = startAgent(folder)
  // what was there is not put, so that it has begun shows when a line is
  await vi.waitFor(() => {
    appendFileSync(log, 'a1\n')
    expect(putIn(server)).toContain('a1\n')
  }, waiting)
  expect(await end(first, 'SIGTERM')).toBe(0)

  const config = JSON.parse(readFileSync(path, 'utf8')) as { flows: object[] }
  const added = { filePattern: join(folder, 'b.log'), kinesisStream: 'other', maxBufferAgeMillis: 1_000 }
  writeFileSync(join(folder, 'b.log'), 'old-b\n')
  writeFileSync(path, JSON.stringify({ ...config, flows: [added, ...config.flows] }))
  appendFileSync(log, 'a2\n')
  writeFileSync(`${log}.1.gz`, gzipSync('old\n'))
  const second = startAgent(folder)
  await vi.waitFor(() => expect(putIn(server)).toContain('a2\n'), waiting)
  await vi.waitFor(() => {
    appendFileSync(join(folder, 'b.log'), 'b\n')
    expect(putIn(server, 'other')).toContain('b\n')
  }, waiting)
  expect(await end(second, 'SIGTERM')).toBe(0)
  expect(new Set(putIn(server))).toEqual(new Set(['a1\n', 'a2\n']))
  expect(new Set(putIn(server, 'other'))).toEqual(new Set(['b\n']))
  await server.stop()
}, 60_000)
