import { type Backplane, count, from, type Graph, type MillraceError, sum, topology, tumbling } from '@millrace/core'
import { beforeEach, expect, test } from 'vitest'
import { clicks, type Click } from '../support/graphs.ts'
import { memoryBackplane, workerOf } from '../support/job.ts'
import { ManualWorld } from '../support/manual-world.ts'
import { MemoryLog } from '../support/memory-log.ts'
import { MemorySink } from '../support/memory-sink.ts'

let world: ManualWorld
let backplane: Backplane
let log: MemoryLog<Click>
let sink: MemorySink<object>

beforeEach(async () => {
  world = new ManualWorld()
  backplane = memoryBackplane(world)
  log = new MemoryLog<Click>(world).add('a', clicks('x', 3))
  sink = new MemorySink()
  await stopWhenRead(graphOf({ name: 'views' }), 3)
})

interface Shape {
  readonly name: string
  readonly previousName?: string
  readonly size?: '10s' | '20s'
  readonly source?: string
}

const graphOf = ({ name, previousName, size = '10s', source = 'clicks' }: Shape): Graph =>
  topology('job')
    .sources(() => ({ [source]: from(log.source, { eventTime: 'at' }) }))
    .build((inputs) => ({
      out: (inputs[source] as (typeof inputs)[string])
        .keyBy('page')
        .window(tumbling(size), { name, ...(previousName === undefined ? {} : { previousName }) })
        .aggregate({ n: count() })
        .to(sink.sink),
    }))
    .graph({})

async function stopWhenRead(graph: Graph, records: number): Promise<void> {
  const worker = workerOf(graph, backplane, world)
  void worker.run()
  await world.until(() => worker.progress().records === records)
  worker.stop()
  await world.run(worker.run())
}

const finish = (graph: Graph, drop: readonly string[] = []): Promise<unknown> => {
  log.append('a', ...clicks('x', 2, 4)).finish()
  return world.run(workerOf(graph, backplane, world, { drop }).run())
}

const refusal = async (graph: Graph): Promise<MillraceError> =>
  finish(graph).then(
    () => Promise.reject(new Error('it started')),
    (error: MillraceError) => error,
  )

test('goes on with a state that is given its previous name', async () => {
  await finish(graphOf({ name: 'visits', previousName: 'views' }))
  expect(sink.visible).toEqual([{ page: 'x', start: 0, end: 10_000, n: 5 }])
})

test('stores a renamed state under its new name at once, so that the old name may go', async () => {
  await stopWhenRead(graphOf({ name: 'visits', previousName: 'views' }), 0)
  await finish(graphOf({ name: 'visits' }))
  expect(sink.visible).toEqual([{ page: 'x', start: 0, end: 10_000, n: 5 }])
})

test('refuses a topology without a state that is stored, and says what to do', async () => {
  const error = await refusal(graphOf({ name: 'visits' }))
  expect(error).toMatchObject({ code: 'CHANGED_TOPOLOGY', node: 'views' })
  expect(error.message).toContain("start with drop: ['views']")
  expect(error.message).toContain("state 'views' is gone: give the step that goes on with it { previousName: 'views' }")
})

test('refuses a state of another shape, and says what changed', async () => {
  const error = await refusal(graphOf({ name: 'views', size: '20s' }))
  expect(error).toMatchObject({ code: 'CHANGED_TOPOLOGY', node: 'views' })
  expect(error.message).toMatch(/state 'views' was stored in another shape \(window: .*10000.* → .*20000.*\)/)
})

test('starts a changed state anew when it may be dropped', async () => {
  await finish(graphOf({ name: 'views', size: '20s' }), ['views'])
  expect(sink.visible).toEqual([{ page: 'x', start: 0, end: 20_000, n: 2 }])
})

test('forgets a state for good that is gone and may be dropped', async () => {
  await finish(graphOf({ name: 'visits' }), ['views'])
  expect(sink.visible).toEqual([{ page: 'x', start: 0, end: 10_000, n: 2 }])
  expect(await backplane.readCheckpoint('job')).toMatchObject({ topology: [{ name: 'visits' }] })
})

test('leaves alone what is the same and is named in drop', async () => {
  await finish(graphOf({ name: 'views' }), ['views', 'long gone'])
  expect(sink.visible).toEqual([{ page: 'x', start: 0, end: 10_000, n: 5 }])
})

test('refuses a topology without a source whose positions are stored', async () => {
  const error = await refusal(graphOf({ name: 'views', source: 'hits' }))
  expect(error.message).toContain("source 'clicks' is gone, and with it how far it was read")
})

test('refuses a topology without a sink that may have prepared output, and takes it after a stop in good order', async () => {
  const other = new MemorySink<object>()
  const withTwo = topology('job')
    .sources(() => ({ clicks: from(log.source, { eventTime: 'at' }) }))
    .build(({ clicks: stream }) => ({
      out: stream.keyBy('page').window(tumbling('10s'), { name: 'views' }).aggregate({ n: count() }).to(sink.sink),
      copy: stream.to(other.sink),
    }))
    .graph({})
  other.trouble.commit.push(new Error('killed'))
  log.append('a', ...clicks('x', 1, 4))
  await expect(world.run(workerOf(withTwo, backplane, world).run())).rejects.toThrow('killed')
  const error = await world.run(workerOf(graphOf({ name: 'views' }), backplane, world).run()).catch((e: Error) => e)
  expect(error).toMatchObject({ code: 'CHANGED_TOPOLOGY', node: 'copy' })
  await stopWhenRead(withTwo, 0)
  await finish(graphOf({ name: 'views' }))
  expect(sink.visible).toEqual([{ page: 'x', start: 0, end: 10_000, n: 6 }])
  expect(other.visible).toEqual(clicks('x', 1, 4))
})

test('begins a state that is new beside those that are stored', async () => {
  const both = topology('job')
    .sources(() => ({ clicks: from(log.source, { eventTime: 'at' }) }))
    .build(({ clicks: stream }) => {
      const keyed = stream.keyBy('page')
      return {
        out: keyed.window(tumbling('10s'), { name: 'views' }).aggregate({ n: count() }).to(sink.sink),
        times: keyed
          .window(tumbling('10s'), { name: 'times' })
          .aggregate({ sum: sum('at') })
          .to(sink.sink),
      }
    })
    .graph({})
  await finish(both)
  expect(sink.visible).toEqual([
    { page: 'x', start: 0, end: 10_000, n: 5 },
    { page: 'x', start: 0, end: 10_000, sum: 9_000 },
  ])
})
