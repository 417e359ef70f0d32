// One way to put records, in a process of its own: node way.ts <way> <endpoint>. Each message asks for a round, and is answered with its figures.
import { Agent } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { KinesisClient, PutRecordCommand, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { int, json, string } from '@millrace/core'
import { createProducer, kinesisSink, type KinesisSinkOptions } from '@millrace/kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { bytesOfRecord, inFlight, type Round, type Way } from './rounds.ts'

interface Row {
  readonly id: number
  readonly user: string
  readonly pad: string
}

const [way, endpoint] = process.argv.slice(2) as [Way, string]
const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' }
const codec = json({ id: int(), user: string(), pad: string() })
const place = { endpoint, region: 'us-east-1', credentials }
const requestHandler = new NodeHttpHandler({ httpAgent: new Agent({ keepAlive: true, maxSockets: 64 }) })
const client = new KinesisClient({ ...place, requestHandler, maxAttempts: 1 })
const bytesOf = (row: Row): Buffer => Buffer.from(JSON.stringify(row))

const rows: Row[] = Array.from({ length: 50_000 }, (_, id) => ({
  id,
  user: `user-${id % 1_000}`,
  pad: 'x'.repeat(bytesOfRecord - 50),
}))

const opened: Record<Way, () => Promise<(rows: readonly Row[]) => Promise<void>>> = {
  PutRecord: async () => putOneByOne,
  PutRecords: async () => putPlain,
  sink: () => openSink({}),
  aggregated: () => openSink({ aggregate: true }),
  producer: async () => putByProducer,
}
const put = await opened[way]()
process.on('disconnect', () => process.exit())
process.on('message', (count: number) => void measured(count).then((round) => process.send?.(round)))
process.send?.('ready')

async function measured(count: number): Promise<Round> {
  const [before, from] = [process.cpuUsage(), performance.now()]
  for (let left = count; left > 0; left -= rows.length) await put(rows.slice(0, left))
  const ms = performance.now() - from
  const { user, system } = process.cpuUsage(before)
  return { perSecond: (count / ms) * 1_000, cpuUs: (user + system) / count }
}

async function together(count: number, work: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const one = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: inFlight }, one))
}

async function putOneByOne(some: readonly Row[]): Promise<void> {
  await together(some.length, (i) => {
    const row = some[i] as Row
    return client.send(new PutRecordCommand({ StreamName: 'bench', Data: bytesOf(row), PartitionKey: row.user }))
  })
}

async function putPlain(some: readonly Row[]): Promise<void> {
  await together(Math.ceil(some.length / 500), async (i) => {
    const Records = some.slice(i * 500, (i + 1) * 500).map((row) => ({ Data: bytesOf(row), PartitionKey: row.user }))
    const { FailedRecordCount } = await client.send(new PutRecordsCommand({ StreamName: 'bench', Records }))
    if (FailedRecordCount !== 0) throw new Error(`${FailedRecordCount} records were refused`)
  })
}

/** It is opened once, as the client of the others is made once. */
async function openSink(options: Partial<KinesisSinkOptions<Row>>): Promise<(rows: readonly Row[]) => Promise<void>> {
  const base = { stream: 'bench', encode: codec, partitionKey: 'user', rateLimit: 1e9 } as const
  const writer = await kinesisSink<Row>({ ...base, ...place, ...options }).open({
    job: 'bench',
    sink: 'out',
    task: 'bench',
    tenure: { run: 'r', epoch: 1, nonce: 'n' },
    clock: { now: Date.now },
    signal: new AbortController().signal,
    refuse: ({ error }) => {
      throw error
    },
    state: undefined,
  })
  return async (some) => {
    for (let from = 0; from < some.length; from += 1_024) {
      const values = some.slice(from, from + 1_024)
      await writer.write({ length: values.length, values, times: new Float64Array(values.length) })
      await setImmediate() // as a task gives way to what else its process does
    }
    await writer.prepare(1)
  }
}

async function putByProducer(some: readonly Row[]): Promise<void> {
  await using producer = createProducer<Row>({ stream: 'bench', encode: codec, rateLimit: 1e9, ...place })
  for (const [i, row] of some.entries()) {
    void producer.put(row, { partitionKey: row.user })
    if (i % 1_000 !== 0) continue
    await producer.ready()
    await setImmediate()
  }
}
