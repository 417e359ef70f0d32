import { type Backplane, from, type Graph, topology } from '@millrace/core'
import { beforeEach, expect, test } from 'vitest'
import { clicks, counting, type Click, type Views } from '../support/graphs.ts'
import { memoryBackplane, workerOf } from '../support/job.ts'
import { ManualWorld } from '../support/manual-world.ts'
import { MemoryLog } from '../support/memory-log.ts'
import { MemorySink } from '../support/memory-sink.ts'

let world: ManualWorld
let backplane: Backplane
let log: MemoryLog<Click>
let sink: MemorySink<Click>

beforeEach(() => {
  world = new ManualWorld()
  backplane = memoryBackplane(world)
  log = new MemoryLog(world)
  sink = new MemorySink()
})

/** Refuses records as long as a dependency is broken. */
const graphOf = (isBroken: () => boolean): Graph =>
  topology('clicks')
    .sources(() => ({ clicks: from(log.source, { eventTime: 'at' }) }))
    .build(({ clicks: stream }) => ({ out: stream.map((click) => checked(click, isBroken())).to(sink.sink) }))
    .graph({})

function checked(click: Click, isBroken: boolean): Click {
  if (isBroken && click.page === 'bad') throw new Error('lookup failed')
  return click
}

test('reads dead letters again when asked, while the job runs', async () => {
  let isBroken = true
  log.add('a', [...clicks('good', 1), ...clicks('bad', 2, 2)])
  void workerOf(
    graphOf(() => isBroken),
    backplane,
    world,
  ).run()
  await world.advance(5_000)
  expect(await backplane.deadLetters({ limit: 10 })).toMatchObject([
    { code: 'USER_CODE' },
    { message: 'lookup failed' },
  ])
  isBroken = false
  await backplane.redrive()
  await world.advance(20_000)
  expect(sink.visible).toEqual([...clicks('good', 1), ...clicks('bad', 2, 2)])
  expect(await backplane.deadLetters({ limit: 10 })).toEqual([])
})

test('keeps what fails again as a new dead letter, and does not read it again by itself', async () => {
  log.add('a', clicks('bad', 1))
  const worker = workerOf(
    graphOf(() => true),
    backplane,
    world,
  )
  void worker.run()
  await world.advance(5_000)
  const [first] = await backplane.deadLetters({ limit: 10 })
  await backplane.redrive([first?.id ?? 0])
  await world.advance(20_000)
  const again = await backplane.deadLetters({ limit: 10 })
  expect(again).toMatchObject([{ state: 'stored', partition: first?.partition, position: first?.position }])
  expect(again[0]?.id).not.toBe(first?.id)
  const { checkpoint } = worker.progress()
  await world.advance(60_000)
  expect(worker.progress().checkpoint).toBe(checkpoint)
})

test('reads them again at the start of a job that had finished, page by page', async () => {
  log.add('a', clicks('bad', 1_200)).finish()
  await world.run(
    workerOf(
      graphOf(() => true),
      backplane,
      world,
    ).run(),
  )
  expect(await backplane.redrive()).toBe(1_200)
  expect(
    await world.run(
      workerOf(
        graphOf(() => false),
        backplane,
        world,
      ).run(),
    ),
  ).toBe('finished')
  expect(sink.visible).toEqual(clicks('bad', 1_200))
  expect(await backplane.deadLetters({ limit: 10 })).toEqual([])
})

test('puts those back, with the reason, that did not come from a source', async () => {
  const counts = new MemorySink<Views>()
  log.add('a', clicks('x', 2))
  void workerOf(counting(log, counts), backplane, world).run()
  await world.advance(2_000)
  await storeLetter('views.window')
  await backplane.redrive()
  await world.advance(20_000)
  const [letter] = await backplane.deadLetters({ limit: 10 })
  expect(letter).toMatchObject({ state: 'stored', source: 'views.window' })
  expect(letter?.message).toMatch(/^cannot be read again, .*: it failed$/)
})

/** A dead letter of a step behind a window, by a worker that has the job for a moment. */
async function storeLetter(source: string): Promise<void> {
  const other = await backplane.acquire({ task: 'other', owner: 'other', leaseMs: 1_000 })
  if (other.type === 'held') throw new Error('it is held')
  const { lease } = other
  const letter = {
    source,
    node: 'map',
    partition: source,
    position: 'k@1',
    code: 'USER_CODE',
    message: 'it failed',
    time: 1,
  } as const
  const checkpoint = {
    task: 'other',
    seq: 1,
    tenure: lease,
    takenAt: 0,
    topology: [],
    positions: {},
    engine: null,
    state: [],
    handles: [],
    sinks: {},
    finished: false,
  }
  await backplane.writeCheckpoint(lease, {
    checkpoint,
    deadLetters: [{ ...letter, bytes: new Uint8Array() }],
    redriven: [],
  })
}
