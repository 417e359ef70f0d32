// Three workers look for fraud in a stream of card swipes while it is written, one shard is split and two are merged. Every alert must be
// one that a loop over all swipes finds, once.
//   npm run demo:kinesis
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { int, json, string } from '@millrace/core'
import { createProducer } from '@millrace/kinesis'
import { type KinesisStandIn, startKinesis, type StreamView } from '@millrace/kinesis/testing'
import { startRedis } from '@millrace/testkit'
import type { Alert, Swipe } from './card.ts'
import { alertsOf } from './oracle.ts'
import { makeSwipes } from './swipes.ts'

const [count, shards, workers, limit] = [30_000, 4, 3, 1_000]
const swipesASecond = 3_000
const patienceMs = 60_000
const since = performance.now()
const say = (text: string): void =>
  console.log(`${((performance.now() - since) / 1_000).toFixed(1).padStart(5)} s  ${text}`)

const out = mkdtempSync(join(tmpdir(), 'millrace-kinesis-'))
try {
  await using kinesis = await startKinesis()
  await using redis = await startRedis({ appendFsync: 'always' })
  say(`a stand-in for Kinesis at ${kinesis.endpoint}, a Redis at ${redis.url}`)
  const stream = kinesis.create('swipes', shards)
  const crew = Array.from({ length: workers }, () => startWorker(redis.url, kinesis.endpoint))
  say(`${workers} workers started: processes ${crew.map(({ pid }) => pid).join(', ')}`)
  const swipes = makeSwipes(count)
  const expected = alertsOf(swipes, limit)
  await putAll(kinesis, swipes, reshard(stream))
  say(`all ${count} swipes are put; shards now: ${stream.openShards.map((id) => id.slice(-2)).join(', ')}`)
  await untilFound(expected.length)
  await Promise.all(crew.map(stopWorker))
  say('the workers have stopped')
  report(expected, foundAlerts())
} finally {
  rmSync(out, { recursive: true })
}

function startWorker(redis: string, kinesis: string): ChildProcess {
  const child = fork(join(import.meta.dirname, 'worker.ts'), [redis, kinesis, out], {
    execArgv: process.execArgv,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  process.once('exit', () => child.kill('SIGKILL'))
  return child
}

async function stopWorker(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null) throw new Error(`worker ${worker.pid} has ended with ${worker.exitCode}`)
  worker.kill('SIGTERM')
  await once(worker, 'exit')
}

/** A third of the way a shard is split, after two thirds two are merged. */
function reshard(stream: StreamView): (part: number) => void {
  let steps = 0
  return (part) => {
    const [first = '', second = '', third = ''] = stream.openShards
    if (steps === 0 && part > 1 / 3) {
      stream.split(first)
      say(`shard ${first.slice(-2)} is split`)
      steps++
    } else if (steps === 1 && part > 2 / 3) {
      stream.merge(second, third)
      say(`shards ${second.slice(-2)} and ${third.slice(-2)} are merged`)
      steps++
    }
  }
}

/** At a steady rate; the order of each card is kept, as its history matters. */
async function putAll(
  kinesis: KinesisStandIn,
  swipes: readonly Swipe[],
  passed: (part: number) => void,
): Promise<void> {
  await using producer = createProducer<Swipe>({
    stream: 'swipes',
    encode: json({ id: string(), card: string(), amount: int(), country: string(), at: int() }),
    order: 'key',
    linger: '20ms',
    ...kinesis.clientOptions,
  })
  const from = performance.now()
  for (const [i, swipe] of swipes.entries()) {
    void producer.put(swipe, { partitionKey: swipe.card })
    if (i % 100 !== 0) continue
    passed(i / swipes.length)
    await producer.ready()
    await sleep(Math.max(0, from + (i / swipesASecond) * 1_000 - performance.now()))
  }
}

async function untilFound(wanted: number): Promise<void> {
  const until = performance.now() + patienceMs
  while (foundAlerts().length < wanted && performance.now() < until) await sleep(200)
}

function foundAlerts(): Alert[] {
  const lines = globSync(`${out}/*.ndjson`).flatMap((path) => readFileSync(path, 'utf8').split('\n'))
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Alert)
}

function report(expected: readonly Alert[], found: readonly Alert[]): void {
  const textOf = (alerts: readonly Alert[]): string[] =>
    alerts.map(({ card, reason, swipe, total }) => `${card} ${reason} ${swipe} ${total}`).toSorted()
  const [wanted, given] = [textOf(expected), textOf(found)]
  const unique = new Set(given)
  const lost = wanted.filter((alert) => !unique.has(alert)).length
  const wrong = given.length - (wanted.length - lost)
  console.log(`\nalerts: ${given.length} found, ${wanted.length} expected; ${lost} lost, ${wrong} wrong or repeated`)
  console.log(`every alert equal to the oracle's: ${lost === 0 && wrong === 0 ? 'yes' : 'no'}`)
  if (lost > 0 || wrong !== 0) process.exitCode = 1
}
