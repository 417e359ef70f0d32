// Three workers read two streams, one by polling and one by enhanced fan-out, while shards are split and merged, workers are killed, and the
// service fails in all ways: is every record of every key processed once, in order?
//   npm run chaos:kinesis -- --events 60 [--seed 7]
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { int, json, string } from '@millrace/core'
import { createProducer } from '@millrace/kinesis'
import { type Fault, startKinesis } from '@millrace/kinesis/testing'
import { startRedis } from '../services/start-redis.ts'
import { Chance } from '../simulation/chance.ts'
import { Crew } from './crew.ts'
import type { Numbered, Processed } from './topology.ts'

const { values } = parseArgs({
  options: { events: { type: 'string', default: '60' }, seed: { type: 'string', default: String(Date.now() % 1e6) } },
})
const [workers, keysEach, patienceMs] = [3, 40, 120_000]
const streams = ['polled', 'pushed'] as const
const chance = new Chance(Number(values.seed))
const since = performance.now()
const say = (text: string): void =>
  console.log(`${((performance.now() - since) / 1_000).toFixed(1).padStart(6)} s  ${text}`)

let aheadMs = 0
const clock = { now: () => Date.now() + aheadMs }
const out = mkdtempSync(join(tmpdir(), 'millrace-kinesis-chaos-'))
const kinesis = await startKinesis({ clock, limits: { scalingsPerDay: Infinity } })
const redis = await startRedis({ appendFsync: 'always' })
for (const name of streams) kinesis.create(name, 2)
const crew = new Crew(workers, redis.url, kinesis.endpoint, out)
const put = new Map<string, number>()
let isPutting = true
const putting = Promise.all(streams.map(putAll))

const happened = new Map<string, number>()
for (let event = 0; event < Number(values.events); event++) {
  await sleep(chance.between(300, 1_500))
  const what = await happen()
  happened.set(what, (happened.get(what) ?? 0) + 1)
}
isPutting = false
await putting
kinesis.faults.clear()
const expected = [...put.values()].reduce((sum, count) => sum + count, 0)
say(`nothing fails any more; ${expected} records were put`)
const until = performance.now() + patienceMs
while (processed().length < expected && performance.now() < until) await sleep(500)
await crew.stop()
report(processed())
await redis.stop()
await kinesis.stop()
rmSync(out, { recursive: true })

/** Keeps the order of each key, and knows what it has put. */
async function putAll(stream: string): Promise<void> {
  await using producer = createProducer<Numbered>({
    stream,
    encode: json({ key: string(), n: int() }),
    order: 'key',
    linger: '20ms',
    recordTtl: '10m',
    ...kinesis.clientOptions,
  })
  for (let i = 0; isPutting; i++) {
    const key = `${stream}-${i % keysEach}`
    const n = (put.get(key) ?? 0) + 1
    put.set(key, n)
    void producer.put({ key, n }, { partitionKey: key })
    if (i % 20 === 0) await sleep(50)
  }
}

async function happen(): Promise<string> {
  const name = chance.pick(streams)
  const stream = kinesis.stream(name)
  const { openShards } = stream
  const kind = chance.next()
  if (kind < 0.2) {
    await crew.kill(chance.whole(0, workers - 1))
    return told('a worker is killed')
  }
  if (kind < 0.35 && openShards.length < 6) {
    stream.split(chance.pick(openShards))
    return told('a shard is split')
  }
  if (kind < 0.5 && openShards.length > 1) {
    const first = chance.whole(0, openShards.length - 2)
    stream.merge(openShards[first] ?? '', openShards[first + 1] ?? '')
    return told('two shards are merged')
  }
  if (kind < 0.55) {
    const [least, most] = [Math.ceil(openShards.length / 2), Math.min(6, openShards.length * 2)]
    const target = chance.whole(least, most)
    stream.scale(target)
    return told(`a stream of ${openShards.length} shards is scaled to ${target}`, 'a stream is scaled')
  }
  if (kind < 0.62) {
    // iterators expire, subscriptions end
    aheadMs += 301_000
    return told('five minutes pass')
  }
  return fail(name)
}

async function fail(stream: string): Promise<string> {
  const of = (operation: string, kind: Fault['kind'], times = 3): Fault => ({ stream, operation, kind, times })
  const faults: readonly [string, Fault][] = [
    ['a KMS key is disabled', { stream, kind: { type: 'error', code: 'KMSDisabledException' } }],
    ['answers to GetRecords are lost', of('GetRecords', { type: 'lost reply' })],
    ['connections are cut', of('GetRecords', { type: 'cut' })],
    ['GetRecords is throttled', of('GetRecords', { type: 'error', code: 'ProvisionedThroughputExceededException' }, 5)],
    ['internal failures', { stream, times: 5, kind: { type: 'error', code: 'InternalFailure', status: 500 } }],
    ['iterators are refused', of('GetRecords', { type: 'error', code: 'ExpiredIteratorException' })],
    ['errors within subscriptions', of('SubscribeToShard', { type: 'in stream', code: 'InternalFailureException' })],
    ['subscriptions are cut', of('SubscribeToShard', { type: 'cut stream' })],
    ['entries of PutRecords are refused', of('PutRecords', { type: 'partial', code: 'InternalFailure', of: 0.3 })],
  ]
  const [what, fault] = chance.pick(faults)
  const injected = kinesis.faults.inject(fault)
  if (fault.times === undefined) {
    await sleep(2_000)
    injected.remove()
  }
  return told(what)
}

function told(text: string, what: string = text): string {
  say(text)
  return what
}

function processed(): Processed[] {
  const lines = globSync(`${out}/*.ndjson`).flatMap((path) => readFileSync(path, 'utf8').split('\n'))
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Processed)
}

function report(all: readonly Processed[]): void {
  const seen = new Set(all.map(({ key, n }) => `${key} ${n}`))
  const lost = [...put].reduce((sum, [key, count]) => {
    for (let n = 1; n <= count; n++) if (!seen.has(`${key} ${n}`)) sum++
    return sum
  }, 0)
  const repeated = all.length - seen.size
  const reordered = all.filter(({ n, before }) => before !== n - 1).length
  for (const [what, times] of [...happened].toSorted((a, b) => b[1] - a[1]))
    console.log(`${String(times).padStart(6)}  ${what}`)
  for (const failure of crew.failures) console.log(failure)
  const figures = {
    events: values.events,
    lost,
    repeated,
    reordered,
    failures: crew.failures.length,
    records: all.length,
  }
  const text = Object.entries({ ...figures, workers, seed: values.seed }).map(([name, value]) => `${name}=${value}`)
  console.log(`RESULT kinesis-chaos ${text.join(' ')}`)
  if (lost + repeated + reordered + crew.failures.length > 0) process.exitCode = 1
}
