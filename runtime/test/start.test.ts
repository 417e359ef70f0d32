import { rmSync } from 'node:fs'
import { from, secret, string, topology, type Topology } from '@millrace/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { embeddedBackplane } from '../src/backplane/embedded/embedded-backplane.ts'
import type { Progress } from '../src/worker/progress.ts'
import { run, start, startIn } from '../src/start.ts'
import { systemWorld } from '../src/world.ts'
import { clicks, type Click } from './support/graphs.ts'
import { ManualWorld } from './support/manual-world.ts'
import { MemoryLog } from './support/memory-log.ts'
import { MemorySink } from './support/memory-sink.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

let folder: string
let log: MemoryLog<Click>
let sink: MemorySink<Click>

beforeEach(() => {
  folder = temporaryFolder()
  log = new MemoryLog(systemWorld)
  sink = new MemorySink()
})

afterEach(() => rmSync(folder, { recursive: true }))

const passing = (): Topology<{}, unknown, unknown> =>
  topology('passing')
    .sources(() => ({ clicks: from(log.source, { eventTime: 'at' }) }))
    .build(({ clicks: stream }) => ({ out: stream.to(sink.sink) }))

test('runs a bounded job to its end and says what it did', async () => {
  log.add('a', clicks('x', 3)).finish()
  const summary = await run(passing())
  expect(summary).toMatchObject({
    job: 'passing',
    ending: 'finished',
    records: 3,
    written: 3,
    checkpoints: 3,
    state: 'closed',
  })
  expect(sink.visible).toEqual(clicks('x', 3))
})

test('keeps nothing without state, and where it was with it', async () => {
  log.add('a', clicks('x', 3)).finish()
  await run(passing())
  await run(passing())
  expect(sink.visible).toHaveLength(6)
  const state = `${folder}/state.db`
  await run(passing(), { state })
  expect(await run(passing(), { state })).toMatchObject({ ending: 'nothing new', records: 0 })
  expect(sink.visible).toHaveLength(9)
})

test('takes a backplane of the caller, and leaves it open', async () => {
  const state = embeddedBackplane({ path: ':memory:' })
  log.add('a', clicks('x', 3)).finish()
  await run(passing(), { state })
  expect(await state.readCheckpoint('passing')).toMatchObject({ finished: true })
  await state.close()
})

test('refuses a second start on the same state while the first one runs', async () => {
  const state = `${folder}/state.db`
  await using first = start(passing(), { state })
  await expect.poll(() => first.progress().state, { timeout: 10_000 }).toBe('running')
  await expect(run(passing(), { state })).rejects.toThrow(`process ${process.pid} on`)
  await first.stop()
  await using second = start(passing(), { state })
  await expect.poll(() => second.progress().state, { timeout: 10_000 }).toBe('running')
})

test('stops when asked, by its signal and when it is disposed of', async () => {
  const stopped = start(passing())
  expect(await stopped.stop()).toMatchObject({ ending: 'stopped' })
  const controller = new AbortController()
  const signalled = start(passing(), { signal: controller.signal })
  controller.abort()
  expect(await signalled.finished).toMatchObject({ ending: 'stopped' })
  expect(await start(passing(), { signal: controller.signal }).finished).toMatchObject({ ending: 'stopped' })
  const job = start(passing())
  await job[Symbol.asyncDispose]()
  expect(job.progress().state).toBe('closed')
})

test('reports progress about once a second, and at the end', async () => {
  const world = new ManualWorld()
  log = new MemoryLog<Click>(world).add('a', clicks('x', 3))
  const reports: Progress[] = []
  const job = startIn(world, passing(), { onProgress: (progress) => reports.push(progress) })
  await world.advance(3_500)
  expect(reports).toMatchObject([{ records: 3 }, { records: 3 }, { records: 3, watermark: 3_000 }])
  await world.run(job.stop())
  expect(reports.at(-1)).toMatchObject({ state: 'closed' })
})

test('asks sinks to check themselves before anything is opened', async () => {
  const inner = sink.sink
  const checked = topology('checked')
    .sources(() => ({ clicks: from(log.source) }))
    .build(({ clicks: stream }) => ({
      out: stream.to({ ...inner, check: () => Promise.reject(new Error('the folder is missing')) }),
    }))
  await expect(run(checked, { state: `${folder}/state.db` })).rejects.toThrow('the folder is missing')
  expect(sink.calls).toEqual([])
})

test('resolves parameters from set, the environment and files', async () => {
  log.add('a', clicks('x', 1)).finish()
  const seen: unknown[] = []
  const withParams = topology('params')
    .params({ page: string(), region: string({ default: 'eu' }), password: secret() })
    .sources(() => ({ clicks: from(log.source) }))
    .build(({ clicks: stream }, { page, region, password }) => {
      seen.push(page, region, password.reveal())
      return { out: stream.to(sink.sink) }
    })
  await run(withParams, {
    set: { page: 'x' },
    env: { MILLRACE_REGION: 'us', MILLRACE_PASSWORD: 'env:PW', PW: 'pssst' },
  })
  expect(seen.slice(0, 3)).toEqual(['x', 'us', 'pssst'])
  expect(() => start(withParams, { set: {}, env: {} })).toThrow(/page: is missing/)
})

test.each([
  [{ checkpointEvery: '1 s' as never }, /^checkpointEvery: "1 s" is not a duration/],
  [{ checkpointEvery: 0 }, /^checkpointEvery: must be longer than zero/],
  [{ leaseMs: 5 }, /^leaseMs: 5 must be a number of milliseconds, 100 or more/],
  [{ state: '' }, /^state: must be the path of a file, or a backplane/],
  [{ drop: 'views' as never }, /^drop: must be a list of names/],
  [{ log: {} as never }, /^log: must have the methods/],
  [{ signal: {} as never }, /^signal: must be an AbortSignal/],
  [{ onProgress: 1 as never }, /^onProgress: must be a function/],
])('refuses options that make no sense, naming the field: %o', (options, message) => {
  expect(() => start(passing(), options)).toThrow(message)
})
