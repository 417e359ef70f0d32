import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { readLeases } from '@millrace/kinesis/kcl'
import { startKinesis } from '@millrace/kinesis/testing'
import { startRedis } from '@millrace/testkit'
import { describeWithRedis } from '@millrace/testkit/vitest'
import { expect, test, vi } from 'vitest'

const bin = resolve(import.meta.dirname, '../../../runtime/bin/millrace.js')
const topology = resolve(import.meta.dirname, 'fixtures/kinesis-numbers.ts')
const env = { ...process.env, NODE_OPTIONS: '' }

/** A job, with its state in a Redis or a file, goes on from leases of KCL. */
async function goesOn(state: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-kcl-'))
  await using kinesis = await startKinesis({ limits: false })
  const stream = kinesis.create('s', 2)
  const put = (n: number): void => void stream.put(`k${n}`, JSON.stringify({ n }))
  for (let n = 0; n < 40; n++) put(n)
  const [parent = '', other = ''] = stream.openShards
  stream.split(parent)
  for (let n = 40; n < 80; n++) put(n)
  const [left = '', right = ''] = stream.openShards
  const numberOf = (shard: string, i: number): string => stream.records(shard)[i]?.sequenceNumber ?? ''
  const numbersIn = (shard: string, from: number): number[] =>
    stream
      .records(shard)
      .slice(from)
      .map(({ data }) => (JSON.parse(data.toString()) as { n: number }).n)
  const lease = (leaseKey: string, checkpoint: string) => ({
    leaseKey: { S: leaseKey },
    checkpoint: { S: checkpoint },
    checkpointSubSequenceNumber: { N: '0' },
  })
  const Items = [
    lease(parent, 'SHARD_END'),
    lease(other, numberOf(other, 4)),
    lease(left, 'TRIM_HORIZON'),
    lease(right, numberOf(right, 2)),
    lease('shardId-000000000099', 'TRIM_HORIZON'),
    { leaseKey: { S: 'worker-1' }, entityType: { S: 'WORKER_METRICS' } },
  ]
  writeFileSync(join(folder, 'leases.json'), JSON.stringify({ Items }))

  const job = ['--set', `endpoint=${kinesis.endpoint}`, '--set', `out=${folder}/out`]
  const importing = [bin, 'import', 'kcl', 'leases.json', topology, ...job, '--state', state]
  const run = promisify(execFile)
  const dry = await run(process.execPath, [...importing, '--dry-run'], { cwd: folder, env })
  expect(dry.stdout).toMatch(new RegExp(`${parent} +SHARD_END +ended`))
  expect(dry.stdout).toMatch(/shardId-000000000099 has a lease, and is no shard of the stream any more/)
  const real = await run(process.execPath, importing, { cwd: folder, env })
  expect(real.stdout).toMatch(/4 shards of kinesis-numbers begin there/)

  const worker = spawn(process.execPath, [bin, 'run', topology, ...job, '--state', state], {
    cwd: folder,
    env,
    stdio: 'ignore',
  })
  const expected = [...numbersIn(other, 5), ...numbersIn(left, 0), ...numbersIn(right, 3)].toSorted((a, b) => a - b)
  const found = (): number[] =>
    globSync(`${folder}/out/*.ndjson`)
      .flatMap((path) => readFileSync(path, 'utf8').trim().split('\n'))
      .map((line) => (JSON.parse(line) as { n: number }).n)
      .toSorted((a, b) => a - b)
  await vi.waitFor(() => expect(found()).toEqual(expected), { timeout: 30_000, interval: 100 })
  worker.kill('SIGTERM')
  await once(worker, 'exit')
  expect(found()).toEqual(expected)
}

describeWithRedis('a job on a Redis that goes on from leases of KCL', () => {
  test('reads what the application has not processed, and nothing else', async () => {
    await using redis = await startRedis()
    await goesOn(redis.url)
  }, 60_000)
})

test('a job on one machine that goes on from them reads the same', () => goesOn('state.db'), 60_000)

test('reads a live table page by page', async () => {
  const pages: Record<string, unknown>[] = []
  // Scan of DynamoDB, as its JSON protocol has it
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const asked = JSON.parse(body) as Record<string, unknown>
      pages.push(asked)
      const isFirst = asked['ExclusiveStartKey'] === undefined
      const leaseKey = { S: isFirst ? '1:s:1700000000:shardId-000000000000' : 'shardId-000000000001' }
      const item = { leaseKey, checkpoint: { S: isFirst ? '49' : 'LATEST' }, checkpointSubSequenceNumber: { N: '3' } }
      response.setHeader('content-type', 'application/x-amz-json-1.0')
      response.end(JSON.stringify({ Items: [item], ...(isFirst && { LastEvaluatedKey: { leaseKey } }) }))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'a')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'b')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  expect(await readLeases('dynamodb:app', { endpoint, region: 'us-east-1' })).toEqual([
    {
      shardId: 'shardId-000000000000',
      stream: { name: 's', createdAt: 1_700_000_000 },
      checkpoint: '49',
      subSequenceNumber: 3,
    },
    { shardId: 'shardId-000000000001', checkpoint: 'LATEST', subSequenceNumber: 3 },
  ])
  expect(pages.map(({ TableName }) => TableName)).toEqual(['app', 'app'])
  vi.unstubAllEnvs()
  server.close()
})
