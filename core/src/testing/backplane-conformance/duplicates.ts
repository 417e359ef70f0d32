import type { Backplane } from '../../connector/backplane.ts'
import { blobOf, type ConformancePart, letter, record, type Scenario, task, writeOf } from './scenario.ts'

type Request = () => Promise<unknown>

/** Every request once more, arbitrarily late, as a network may deliver it. */
export const duplicateConformance: ConformancePart = (test, expect) => {
  test('is changed by no request of two tenures that is delivered again later', async (s) => {
    const { requests, backplane } = await twoTenures(s)
    const before = await everything(backplane)
    for (const request of requests) await request().catch(() => undefined)
    expect(await everything(backplane)).toEqual(before)
    for (const request of [...requests].reverse()) await request().catch(() => undefined)
    expect(await everything(backplane)).toEqual(before)
  })

  test('may be closed twice', async (s) => {
    const { backplane } = await s.owner('a')
    await backplane.close()
    await backplane.close()
    expect((await s.store.connect()) === backplane).toBe(false)
  })
}

/** A tenure that loses its lease and one that holds it, with all the requests they made. */
async function twoTenures(s: Scenario): Promise<{ requests: Request[]; backplane: Backplane }> {
  const requests: Request[] = []
  const send = async (request: Request): Promise<void> => {
    requests.push(request)
    await request()
  }
  const tenure = async (name: string, from: number): Promise<Backplane> => {
    const { backplane, lease } = await s.owner(name)
    const base = await blobOf(lease, from, 'base', 100)
    const delta = await blobOf(lease, from + 1, 'delta', 100)
    const first = writeOf(record(lease, from, { state: [base.blob] }), {
      deadLetters: [letter(from), letter(from + 1)],
    })
    requests.push(() => backplane.acquire({ task, owner: name, leaseMs: s.leaseMs }))
    await send(() => backplane.writeBase(lease, base.blob, base.bytes))
    await send(() => backplane.writeCheckpoint(lease, first))
    const redriven = (await backplane.deadLetters({ limit: 1 })).map(({ id }) => id)
    await send(() => backplane.redrive(redriven))
    const second = writeOf(record(lease, from + 1, { state: [base.blob, delta.blob] }), { delta, redriven })
    await send(() => backplane.writeCheckpoint(lease, second))
    await send(() => backplane.renew([lease], s.leaseMs))
    await send(() => backplane.collectGarbage(lease))
    return backplane
  }
  const first = await tenure('a', 1)
  const [lease] = [await s.take(first, 'a')]
  await s.store.advance(s.leaseMs + 1)
  const backplane = await tenure('b', 3)
  await send(() => first.release(lease))
  return { requests, backplane }
}

/** All that can be read of the store. */
async function everything(backplane: Backplane): Promise<unknown> {
  const checkpoint = await backplane.readCheckpoint(task)
  const state = await Promise.all(
    (checkpoint?.state ?? []).map(async (blob) => [...(await backplane.readState(blob, task))]),
  )
  const holder = await backplane.acquire({ task, owner: 'c', leaseMs: 1 })
  return {
    checkpoint,
    state,
    letters: await backplane.deadLetters({ limit: 100 }),
    holder: holder.type === 'held' && holder.owner,
  }
}
