import { describe, expect, test } from 'vitest'
import { Keys } from '../../../../src/backplane/redis/keys.ts'
import { modelScripts } from '../../../../src/backplane/redis/model/model-scripts.ts'
import { ModelServer } from '../../../../src/backplane/redis/model/model-server.ts'
import { RedisBackplane } from '../../../../src/backplane/redis/redis-backplane.ts'
import { MemoryStateStore } from '../../../../src/testing/memory-state-store.ts'
import { ManualWorld } from '../../../support/manual-world.ts'
import { beat, sending, takeAgain, takeTask, writeOf } from '../support/one-task-job.ts'

function cluster() {
  const world = new ManualWorld()
  const options = (id: string) => ({ id, clock: world.clock })
  const store = new MemoryStateStore(world)
  let server = new ModelServer(options('first'))
  const scripts = modelScripts({ server: () => server, keys: new Keys('job') })
  return {
    backplane: new RedisBackplane({ scripts, store, world, where: 'model', gcGraceMs: 0 }),
    replica: () => server.copy(options('replica')),
    get server() {
      return server
    },
    promote: (to: ModelServer) => {
      server = to
    },
  }
}

describe('the model of a server', () => {
  test('a replica repeats what its primary has done, as far as it is told to', async () => {
    const { backplane, server, replica } = cluster()
    const follower = replica()
    const lease = await takeTask(backplane)
    const offset = server.offset
    await backplane.writeCheckpoint(lease, writeOf(lease, 1))
    follower.follow(server, offset)
    expect(follower.data.hget('{millrace:job}:ckpt:counts/0', 'seq')).toBe(undefined)
    follower.follow(server)
    expect(follower.data.hget('{millrace:job}:ckpt:counts/0', 'seq')).toBe('1')
    expect(follower.offset).toBe(server.offset)
  })

  test('a replica that is promoted has lost a suffix: leases are void, and the task goes on from the record that is there', async () => {
    const { backplane, server, replica, promote } = cluster()
    const lease = await takeTask(backplane)
    await backplane.writeCheckpoint(lease, writeOf(lease, 1))
    const follower = replica()
    await backplane.writeCheckpoint(lease, writeOf(lease, 2))
    promote(follower)
    expect((await beat(backplane, 'a', [lease])).held).toEqual([false])
    const again = await takeAgain(backplane)
    expect((await backplane.readCheckpoint(lease.task))?.seq).toBe(1)
    if (again) expect(await backplane.writeCheckpoint(again.lease, writeOf(again.lease, 2))).toBe('written')
    expect(server.data.hget('{millrace:job}:ckpt:counts/0', 'tenure')).toBe(`${lease.run}-1-${lease.nonce}`)
  })

  test('data of a copy is its own', async () => {
    const { backplane, server, replica } = cluster()
    await takeTask(backplane)
    const before = replica()
    await beat(backplane, 'b')
    const sessionIn = ({ data }: ModelServer): string | undefined => data.hget('{millrace:job}:sessions', 'b')
    expect([sessionIn(before), typeof sessionIn(server)]).toEqual([undefined, 'string'])
  })

  test('where memory is full what takes some is refused, to be tried again, and what frees some is not', async () => {
    const { backplane, server } = cluster()
    const lease = await takeTask(backplane)
    await backplane.writeCheckpoint(lease, sending(lease, 1, 10))
    server.isFull = true
    await expect(backplane.writeCheckpoint(lease, sending(lease, 2, 10))).rejects.toMatchObject({
      code: 'BACKPLANE',
      retryable: true,
    })
    expect((await beat(backplane, 'a', [lease])).held).toEqual([true])
    // workers that come later may be the ones that free it
    expect((await backplane.open({ sources: [], exchanges: [] })).run).toBe(lease.run)
    const consumed = { exchange: 'counts', partition: 0, position: '10' }
    const exchange = { frames: [], staged: 0, sends: [], watermark: 1, idle: false, consumed }
    expect(await backplane.writeCheckpoint(lease, writeOf(lease, 2, { exchange }))).toBe('written')
  })
})
