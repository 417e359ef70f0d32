// Three workers share the access log over a Redis, one of them is killed half way; then one process does it alone. Both
// must put out the same windows.
//   npm run demo:workers
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '@millrace/runtime'
import { startRedis } from '@millrace/testkit'
import accessLogs from '../topology.ts'
import { comparison } from './comparison.ts'
import { makeLogs } from './make-logs.ts'
import { areSame, windowsIn } from './windows.ts'
import { WorkerProcess } from './worker-process.ts'

const [servers, linesEach, workers] = [6, 20_000, 3]
const folder = mkdtempSync(join(tmpdir(), 'millrace-workers-'))
const logs = join(folder, 'logs/*.log')
const [shared, alone] = [join(folder, 'shared'), join(folder, 'alone')]
const since = performance.now()
const say = (text: string): void =>
  console.log(`${((performance.now() - since) / 1_000).toFixed(1).padStart(5)} s  ${text}`)

try {
  makeLogs(join(folder, 'logs'), servers, linesEach)
  await runShared()
  await run(accessLogs, { set: { input: logs, out: alone } })
  say('one process alone has finished')
  const [left, right] = [windowsIn(shared), windowsIn(alone)]
  const same = areSame(left, right)
  console.log(`\n${comparison([`${workers} workers, one killed`, 'one process'], [left, right])}\n`)
  console.log(`same windows: ${same ? 'yes' : 'no'}`)
  process.exitCode = same ? 0 : 1
} finally {
  rmSync(folder, { recursive: true })
}

async function runShared(): Promise<void> {
  await using redis = await startRedis({ appendFsync: 'always' })
  say(`Redis runs at ${redis.url}`)
  const crew = Array.from({ length: workers }, () => new WorkerProcess(redis.url, logs, shared))
  say(`${workers} workers started: processes ${crew.map(({ pid }) => pid).join(', ')}`)
  await WorkerProcess.haveRead(crew, (servers * linesEach) / 2)
  const [victim, ...others] = crew.toSorted((a, b) => b.records - a.records)
  victim?.kill()
  say(`killed process ${victim?.pid} after half of the ${servers * linesEach} lines`)
  await Promise.all(others.map((worker) => worker.finished()))
  say('the others have finished')
}
