// What does reading cost beside the bare SDK? GetRecords of 10,000 records of 200 bytes each, from a server in another process.
import { Agent } from 'node:http'
import { GetRecordsCommand, GetShardIteratorCommand, KinesisClient } from '@aws-sdk/client-kinesis'
import { int, json } from '@millrace/core'
import { kinesis } from '@millrace/kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { machine, median, printResult } from '../support/machine.ts'
import { startKinesisServer } from '../support/start-kinesis-server.ts'

const records = 200_000
const rounds = 5
const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' }

interface Round {
  readonly perSecond: number
  readonly cpuUs: number
}

const server = await startKinesisServer(1, records, 200)
const place = { endpoint: server.endpoint, region: 'us-east-1', credentials }
const requestHandler = new NodeHttpHandler({ httpAgent: new Agent({ keepAlive: true }) })
const client = new KinesisClient({ ...place, requestHandler, maxAttempts: 1 })

console.log(`${machine()}; ${records} records of 200 bytes, 10,000 a call; ${rounds} interleaved rounds, medians`)
const ways = { sdk: readBySdk, millrace: readByMillrace }
const all: Record<string, Round[]> = { sdk: [], millrace: [] }
for (let i = 0; i < rounds; i++) for (const [name, read] of Object.entries(ways)) all[name]?.push(await measured(read))
server.stop()

const [sdk, own] = ['sdk', 'millrace'].map((name) => ({
  perSecond: median((all[name] ?? []).map(({ perSecond }) => perSecond)),
  cpuUs: median((all[name] ?? []).map(({ cpuUs }) => cpuUs)),
})) as [Round, Round]
console.log(`bare SDK  ${Math.round(sdk.perSecond)} records/s, ${sdk.cpuUs.toFixed(2)} µs CPU a record`)
console.log(`Millrace  ${Math.round(own.perSecond)} records/s, ${own.cpuUs.toFixed(2)} µs CPU a record, in slabs`)
printResult('kinesis-read', {
  sdkPerSecond: sdk.perSecond,
  millracePerSecond: own.perSecond,
  ratio: own.perSecond / sdk.perSecond,
  sdkCpuUs: sdk.cpuUs,
  millraceCpuUs: own.cpuUs,
})

async function measured(read: () => Promise<number>): Promise<Round> {
  const [before, from] = [process.cpuUsage(), performance.now()]
  const count = await read()
  const ms = performance.now() - from
  const { user, system } = process.cpuUsage(before)
  if (count !== records) throw new Error(`read ${count} of ${records} records`)
  return { perSecond: (records / ms) * 1_000, cpuUs: (user + system) / records }
}

async function readBySdk(): Promise<number> {
  const shard = { StreamName: 'bench', ShardId: 'shardId-000000000000' }
  const start = await client.send(new GetShardIteratorCommand({ ...shard, ShardIteratorType: 'TRIM_HORIZON' }))
  let [iterator, count] = [start.ShardIterator, 0]
  while (count < records) {
    const page = await client.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: 10_000 }))
    iterator = page.NextShardIterator
    count += page.Records?.length ?? 0
  }
  return count
}

async function readByMillrace(): Promise<number> {
  const rate = { callsPerSecond: Infinity, bytesPerSecond: Infinity }
  const source = kinesis({ stream: 'bench', decode: json({ id: int(), at: int() }), rate, ...place })
  const context = { clock: { now: Date.now }, signal: new AbortController().signal }
  const list = await source.partitions(context)[Symbol.asyncIterator]().next()
  const [partition] = (list.value as { partitions: readonly { id: string }[] }).partitions
  if (partition === undefined) throw new Error('there is no shard')
  const reader = await source.open(partition, await source.resolve(partition, context), context)
  let count = 0
  while (count < records) {
    const read = await reader.read(context.signal)
    if (read.type === 'records') count += read.slab?.length ?? 0
  }
  await reader.close()
  return count
}
