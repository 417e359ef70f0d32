import type { WorkerInfo } from '@millrace/core'
import { expect, test } from 'vitest'
import { Membership } from '../../../src/backplane/redis/membership.ts'
import { Keys } from '../../../src/backplane/redis/keys.ts'
import { modelScripts } from '../../../src/backplane/redis/model/model-scripts.ts'
import { ModelServer } from '../../../src/backplane/redis/model/model-server.ts'
import { Roster } from '../../../src/backplane/redis/roster.ts'
import type { Scripts } from '../../../src/backplane/redis/scripts.ts'
import { ManualWorld } from '../../support/manual-world.ts'

const infoOf = (worker: string, tasks = 0): WorkerInfo => ({
  worker,
  tasks,
  recordsPerSecond: 0,
  backlog: 0,
  isDraining: false,
})

test('a list of workers is old the later the more there are', () => {
  const roster = new Roster()
  expect(roster.isOld(0)).toBe(true)
  roster.update(
    ['a', 'b', 'c'].map((name) => JSON.stringify(infoOf(name))),
    infoOf('a'),
    100,
  )
  expect([roster.isOld(129), roster.isOld(130)]).toEqual([false, true])
  expect([roster.has(3), roster.has(2)]).toEqual([true, false])
})

test('a worker knows best of itself', () => {
  const roster = new Roster()
  roster.update(
    ['b', 'a'].map((name) => JSON.stringify(infoOf(name))),
    infoOf('a'),
    0,
  )
  expect(roster.update([], infoOf('a', 5), 1)).toEqual([infoOf('a', 5), infoOf('b')])
})

test('among many workers one that comes or dies is seen with the next sign of life, the load of others a little later', async () => {
  const world = new ManualWorld()
  const server = new ModelServer({ id: 'first', clock: world.clock })
  const model = modelScripts({ server: () => server, keys: new Keys('job') })
  let listed = 0
  const scripts: Scripts = {
    ...model,
    heartbeat: (request) => {
      listed += Number(request.wantsLines)
      return model.heartbeat(request)
    },
  }
  const members = new Map<string, Membership>()
  const beat = async (worker: string, tasks = 0): Promise<readonly WorkerInfo[]> => {
    const member = members.get(worker) ?? new Membership(scripts, world)
    members.set(worker, member)
    const load = { tasks, recordsPerSecond: 0, backlog: 0 }
    return (await member.heartbeat({ worker, leases: [], leaseMs: 1_000, load, isDraining: false })).workers
  }
  const names = Array.from({ length: 200 }, (_, n) => `w${String(n).padStart(3, '0')}`)
  for (const name of names) await beat(name)
  for (const name of names) await beat(name)
  listed = 0
  await world.advance(500)
  for (const name of names) expect((await beat(name, 7)).length).toBe(200)
  expect(listed).toBe(0)
  expect((await beat('w000'))[5]?.tasks).toBe(0)
  await world.advance(600)
  for (const name of names.slice(1)) await beat(name, 7)
  await world.advance(500)
  expect((await beat('w001')).length).toBe(199)
  expect((await beat('new')).length).toBe(200)
  const seen = await beat('w001')
  expect([seen.length, seen[5]?.tasks]).toEqual([200, 7])
})
