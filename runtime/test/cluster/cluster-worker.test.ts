import { count, from, type Graph, sum, topology, tumbling } from '@millrace/core'
import { beforeEach, describe, expect, test } from 'vitest'
import { Cluster } from '../support/cluster.ts'
import { type Click, clicks } from '../support/graphs.ts'
import { ManualWorld } from '../support/manual-world.ts'
import { MemoryLog } from '../support/memory-log.ts'
import { MemorySink } from '../support/memory-sink.ts'

interface Minute {
  readonly page: string
  readonly start: number
  readonly windows: number
  readonly clicks: number
}

let world: ManualWorld
let log: MemoryLog<Click>
let sink: MemorySink<Minute>

beforeEach(() => {
  world = new ManualWorld({ costMs: 0.01 })
  log = new MemoryLog(world, { perRead: 20 })
  sink = new MemorySink()
})

/** Clicks a page and ten seconds, and of those a page and minute: two exchanges. */
const counting = (): Graph =>
  topology('clicks')
    .sources(() => ({ clicks: from(log.source, { eventTime: 'at' }) }))
    .build(({ clicks: all }) => {
      const tens = all.keyBy('page').window(tumbling('10s')).aggregate({ n: count() })
      const minutes = tens
        .keyBy('page')
        .window(tumbling('1m'), { name: 'minutes' })
        .aggregate({ windows: count(), clicks: sum('n') })
      return { out: minutes.to(sink.sink) }
    })
    .graph({})

const pages = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

/** Partitions with as many clicks each, all pages in all of them. */
function fill(partitions: number, perPage: number): void {
  for (let p = 0; p < partitions; p++) log.add(`p${p}`, each(perPage))
}

/** As many clicks on every page, in order of time. */
const each = (perPage: number, first = 1): Click[] =>
  pages.flatMap((page) => clicks(page, perPage, first)).toSorted((a, b) => a.at - b.at)

const total = (): number => sink.visible.reduce((all, { clicks: n }) => all + n, 0)
const inOrder = (rows: readonly Minute[]): Minute[] =>
  rows.toSorted((a, b) => a.start - b.start || (a.page < b.page ? -1 : 1))

const expected = (partitions: number, perPage: number): Minute[] => {
  const minutes = new Map<number, Set<number>>()
  const sums = new Map<number, number>()
  for (let i = 1; i <= perPage; i++) {
    const [start, ten] = [Math.floor(i / 60) * 60_000, Math.floor(i / 10)]
    minutes.set(start, (minutes.get(start) ?? new Set()).add(ten))
    sums.set(start, (sums.get(start) ?? 0) + partitions)
  }
  const rows = pages.flatMap((page) =>
    [...minutes].map(([start, tens]) => ({
      page,
      start,
      end: start + 60_000,
      windows: tens.size,
      clicks: sums.get(start) ?? 0,
    })),
  )
  return inOrder(rows)
}

describe('many workers', () => {
  test('give the same windows as one, each once', async () => {
    fill(5, 200)
    log.finish()
    const cluster = new Cluster(world, counting())
    const members = [cluster.start(), cluster.start(), cluster.start()]
    const endings = await world.run(Promise.all(members.map(({ worker }) => worker.run())))
    expect(endings).toContain('finished')
    expect(inOrder(sink.visible)).toEqual(expected(5, 200))
  })

  test('go on with the tasks of one that was killed, once its leases have expired', async () => {
    fill(5, 100)
    const cluster = new Cluster(world, counting())
    const [first, second] = [cluster.start(), cluster.start()]
    await world.until(() => first.worker.progress().records > 0 || second.worker.progress().records > 0)
    first.kill()
    for (let p = 0; p < 5; p++) log.append(`p${p}`, ...each(100, 101))
    log.finish()
    await world.run(second.worker.run())
    expect(inOrder(sink.visible)).toEqual(expected(5, 200))
  })

  test('know who goes on where a partition ended, wherever its worker was stopped about then', async () => {
    const stopped: string[] = []
    for (let step = 1; step <= 40; step++) {
      world = new ManualWorld({ costMs: 0.01 })
      log = new MemoryLog(world, { perRead: 20 })
      sink = new MemorySink()
      log.add('p0', each(30))
      const cluster = new Cluster(world, counting())
      const first = cluster.start()
      await world.until(() => first.worker.progress().records > 0)
      // no list tells of it
      log.failures.partitions.push(...Array.from({ length: 1_000 }, () => new Error('connection reset')))
      log.add('c0', each(200, 31), ['p0']).end('p0', ['c0'])
      const elapsed = world.elapsed.bind(world)
      let left = step
      world.elapsed = () => {
        if (log.calls.includes('close p0') && --left === 0) {
          stopped.push(first.worker.state)
          first.worker.stop()
        }
        return elapsed()
      }
      await world.until(() => left <= 0)
      const second = cluster.start()
      await world.until(() => log.calls.includes('open c0 at 0'))
      second.kill()
    }
    expect(stopped).toContain('running')
  })

  test('share all tasks equally soon after another one has come, and the gap is short', async () => {
    fill(6, 100)
    const cluster = new Cluster(world, counting())
    const first = cluster.start()
    await world.until(() => first.worker.progress().records > 0)
    const second = cluster.start()
    await world.advance(5_000)
    const owners = [...(await cluster.owners()).values()]
    const held = (name: string): number => owners.filter((owner) => owner === name).length
    expect([held(first.name), held(second.name)].toSorted((a, b) => a - b)).toEqual([7, 7])
    expect(owners).not.toContain(undefined)
  })

  test('end with what they have when they are stopped, and the next one goes on there', async () => {
    fill(3, 100)
    const cluster = new Cluster(world, counting())
    const first = cluster.start()
    await world.until(() => first.worker.progress().records > 0)
    first.worker.stop()
    expect(await world.run(first.worker.run())).toBe('stopped')
    expect([...(await cluster.owners()).values()].every((owner) => owner === undefined)).toBe(true)
    log.finish()
    expect(await world.run(cluster.start().worker.run())).toBe('finished')
    expect(inOrder(sink.visible)).toEqual(expected(3, 100))
  })

  test('give all tasks away when asked to drain, and take none', async () => {
    fill(4, 50)
    const cluster = new Cluster(world, counting())
    const [first, second] = [cluster.start(), cluster.start()]
    await world.advance(3_000)
    await world.run(cluster.connect().drain(first.name))
    await world.advance(5_000)
    expect(new Set((await cluster.owners()).values())).toEqual(new Set([second.name]))
    log.finish()
    await world.run(second.worker.run())
    expect(total()).toBe(4 * 50 * pages.length)
  })
})

describe('a worker that was frozen for longer than its lease', () => {
  test('commits nothing any more, finds out by itself, and takes tasks again', async () => {
    fill(4, 100)
    const cluster = new Cluster(world, counting(), { leaseMs: 2_000 })
    const first = cluster.start()
    await world.until(() => first.worker.progress().records > 0)
    first.freeze()
    const second = cluster.start()
    await world.advance(8_000)
    expect(new Set((await cluster.owners()).values())).toEqual(new Set([second.name]))
    const commits = sink.commits.length
    for (let p = 0; p < 4; p++) log.append(`p${p}`, ...each(100, 101))
    first.thaw()
    await world.advance(8_000)
    const owners = await cluster.owners()
    expect(new Set(owners.values())).toEqual(new Set([first.name, second.name]))
    log.finish()
    await world.run(Promise.all([first.worker.run(), second.worker.run()]))
    expect(sink.commits.length).toBeGreaterThan(commits)
    expect(inOrder(sink.visible)).toEqual(expected(4, 200))
  })
})

describe('partitions', () => {
  test('that split are read before those that go on there, by whichever worker', async () => {
    log.add('p0', clicks('a', 30))
    const cluster = new Cluster(world, counting())
    const members = [cluster.start(), cluster.start()]
    await world.until(() => members.some(({ worker }) => worker.progress().records > 0))
    log.add('p1', clicks('a', 20, 31), ['p0']).add('p2', clicks('b', 20, 31), ['p0'])
    log.end('p0', ['p1', 'p2'])
    await world.advance(3_000)
    log.add('p3', clicks('a', 10, 51), ['p1', 'p2'])
    log.end('p1', ['p3']).end('p2', ['p3'])
    await world.advance(3_000)
    log.finish()
    await world.run(Promise.all(members.map(({ worker }) => worker.run())))
    expect(inOrder(sink.visible)).toEqual([
      { page: 'a', start: 0, end: 60_000, windows: 6, clicks: 59 },
      { page: 'b', start: 0, end: 60_000, windows: 3, clicks: 20 },
      { page: 'a', start: 60_000, end: 120_000, windows: 1, clicks: 1 },
    ])
  })
})

test('a topology without an exchange that is stored is refused until that is named', async () => {
  fill(2, 20)
  const cluster = new Cluster(world, counting())
  const { worker } = cluster.start()
  await world.until(() => worker.progress().records > 0)
  worker.stop()
  await world.run(worker.run())
  log.finish()
  const shorter = topology('clicks')
    .sources(() => ({ clicks: from(log.source, { eventTime: 'at' }) }))
    .build(({ clicks: all }) => {
      const tens = all.keyBy('page').window(tumbling('10s')).aggregate({ n: count() })
      return { out: tens.map(({ page, start, n }) => ({ page, start, windows: 1, clicks: n })).to(sink.sink) }
    })
    .graph({})
  const refused = cluster.start({ graph: shorter })
  await expect(world.run(refused.worker.run())).rejects.toMatchObject({ code: 'CHANGED_TOPOLOGY', node: 'minutes' })
  expect(await world.run(cluster.start({ graph: shorter, drop: ['minutes'] }).worker.run())).toBe('finished')
})

test('a worker leaves when the job was begun anew under it', async () => {
  fill(2, 20)
  const cluster = new Cluster(world, counting())
  const { worker } = cluster.start()
  await world.until(() => worker.progress().records > 0)
  cluster.server.run((data) => data.hset('{millrace:clicks}:meta', { run: 'another' }))
  await expect(world.run(worker.run())).rejects.toMatchObject({ code: 'FENCED' })
  expect(worker.state).toBe('closed')
})

describe('a job that has finished', () => {
  test('has nothing new for a worker that starts again', async () => {
    fill(2, 50)
    log.finish()
    const cluster = new Cluster(world, counting())
    await world.run(cluster.start().worker.run())
    const before = sink.visible.length
    expect(await world.run(cluster.start().worker.run())).toBe('nothing new')
    expect(sink.visible).toHaveLength(before)
  })

  test('goes on when there are new partitions at its next start', async () => {
    fill(2, 50)
    log.finish()
    const cluster = new Cluster(world, counting())
    await world.run(cluster.start().worker.run())
    log
      .reopen()
      .add('later', clicks('a', 30, 121))
      .finish()
    expect(await world.run(cluster.start().worker.run())).toBe('finished')
    expect(total()).toBe(2 * 50 * pages.length + 30)
  })
})

test('dead letters that are asked for are read again by one of the workers, once', async () => {
  let isBroken = true
  const fragile = topology('clicks')
    .sources(() => ({ clicks: from(log.source, { eventTime: 'at', outOfOrderness: '1h' }) }))
    .build(({ clicks: all }) => {
      const sound = all.map((click) => {
        if (isBroken && click.page === 'g') throw new Error('no such page')
        return click
      })
      const minutes = sound.keyBy('page').window(tumbling('1m')).aggregate({ windows: count(), clicks: count() })
      return { out: minutes.to(sink.sink) }
    })
    .graph({})
  fill(2, 50)
  const cluster = new Cluster(world, fragile)
  const members = [cluster.start(), cluster.start()]
  const backplane = cluster.connect()
  await world.advance(5_000)
  expect(await world.run(backplane.deadLetters({ limit: 500 }))).toHaveLength(2 * 50)
  isBroken = false
  expect(await world.run(backplane.redrive())).toBe(2 * 50)
  await world.advance(5_000)
  expect(await world.run(backplane.deadLetters({ limit: 500 }))).toEqual([])
  log.finish()
  await world.run(Promise.all(members.map(({ worker }) => worker.run())))
  expect(total()).toBe(2 * 50 * pages.length)
})

test('an error that every worker would meet ends the worker, and the others keep what was done', async () => {
  fill(2, 50)
  log.finish()
  const broken = topology('clicks')
    .sources(() => ({ clicks: from(log.source, { eventTime: 'at' }) }))
    .build(({ clicks: all }) => ({
      out: all
        .map(
          (click) => {
            if (click.page === 'g' && click.at > 30_000) throw new Error('no such page')
            return { page: click.page, start: 0, windows: 1, clicks: 1 }
          },
          { onError: 'fail' },
        )
        .to(sink.sink),
    }))
    .graph({})
  const { worker } = new Cluster(world, broken).start()
  await expect(world.run(worker.run())).rejects.toMatchObject({ code: 'USER_CODE' })
  expect(worker.state).toBe('closed')
})
