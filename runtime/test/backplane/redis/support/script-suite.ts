import type { Lease } from '@millrace/core'
import { expect, onTestFinished, test } from 'vitest'
import type { Scripts, StageShape, WriteRequest } from '../../../../src/backplane/redis/scripts.ts'
import type { ScriptStore } from './script-store.ts'

const leaseMs = 1_000
const firstTime = 1_700_000_000_000

const stages: readonly StageShape[] = [
  { name: 'clicks', kind: 'source', partitions: 0, sends: ['counts'] },
  { name: 'counts', kind: 'exchange', partitions: 2, sends: [] },
]

/** What scripts promise beyond the contract of a backplane: what the network does to requests, what becomes of servers. */
export function scriptSuite(create: () => Promise<ScriptStore>): void {
  const opened = async (): Promise<ScriptStore> => {
    const store = await create()
    onTestFinished(() => store.dispose())
    await store.scripts.open({ stages, nonce: 'first' })
    return store
  }

  const claimRequest = { worker: 'a', session: 's1', most: 2, mostOfSources: 2, leaseMs, nonce: 'c1', number: 1 }

  const beatRequest = { worker: 'a', session: 's1', leases: [], leaseMs, line: '', wantsLines: true }

  const taskOf = async ({ scripts }: ScriptStore, worker = 'a', number = 1): Promise<Lease> => {
    const request = { ...claimRequest, worker, session: `s${worker}`, nonce: `n${worker}${number}`, number, most: 1 }
    const [claimed] = await scripts.claim(request)
    if (claimed === undefined) throw new Error('nothing to claim')
    return claimed.lease
  }

  const writeOf = (lease: Lease, seq: number, more: Partial<WriteRequest> = {}): WriteRequest => ({
    lease,
    seq,
    takenAt: 1,
    record: `record ${seq}`,
    staged: 0,
    contents: [],
    redriven: [],
    sends: [],
    watermark: undefined,
    idle: false,
    consumed: undefined,
    ended: undefined,
    ...more,
  })

  const frame = (text: string) =>
    ({ type: 'frame', exchange: 'counts', partition: 0, bytes: Buffer.from(text) }) as const

  const snapshot = async (store: ScriptStore, change: (scripts: Scripts) => Promise<unknown>): Promise<boolean> => {
    const before = await store.dump()
    await change(store.scripts)
    expect(await store.dump()).toEqual(before)
    return true
  }

  test('a claim that is repeated gives the same leases again, and no others', async () => {
    const { scripts } = await opened()
    const first = await scripts.claim({ ...claimRequest, most: 1 })
    expect(await scripts.claim({ ...claimRequest, most: 5 })).toEqual(first)
    expect((await scripts.claim({ ...claimRequest, number: 2, nonce: 'c2' })).map(({ lease }) => lease.task)).toEqual([
      'counts/1',
    ])
  })

  test('a repeated claim leaves out what was released or lost since', async () => {
    const { scripts } = await opened()
    const [left, right] = await scripts.claim(claimRequest)
    if (left) await scripts.release({ lease: left.lease })
    expect((await scripts.claim(claimRequest)).map(({ lease }) => lease.task)).toEqual([right?.lease.task])
  })

  test('no two leases of one claim are the same tenure', async () => {
    const { scripts } = await opened()
    const claimed = await scripts.claim(claimRequest)
    expect(new Set(claimed.map(({ lease }) => `${lease.run}-${lease.epoch}-${lease.nonce}`)).size).toBe(2)
  })

  test('a claim that comes after a later one takes nothing', async () => {
    const store = await opened()
    await store.scripts.claim({ ...claimRequest, most: 1 })
    await store.scripts.claim({ ...claimRequest, most: 0, number: 2, nonce: 'c2' })
    await snapshot(store, async (scripts) => expect(await scripts.claim(claimRequest)).toEqual([]))
  })

  test('a worker that has left takes nothing with requests that come late', async () => {
    const store = await opened()
    const beat = { ...beatRequest, line: '{}' }
    await store.scripts.heartbeat(beat)
    await store.scripts.leave({ worker: 'a', session: 's1' })
    await snapshot(store, async (scripts) => {
      expect(await scripts.claim(claimRequest)).toEqual([])
      expect((await scripts.heartbeat(beat)).lines).toEqual([])
    })
  })

  test('a life of a worker that leaves late does not take the next one off the list', async () => {
    const { scripts } = await opened()
    await scripts.heartbeat({ ...beatRequest, line: 'old' })
    const { lines } = await scripts.heartbeat({ ...beatRequest, session: 's2', line: 'new' })
    expect(lines).toEqual(['new'])
    await scripts.leave({ worker: 'a', session: 's1' })
    const beat = { ...beatRequest, worker: 'b', session: 's3', line: 'other' }
    expect((await scripts.heartbeat(beat)).lines.toSorted()).toEqual(['new', 'other'])
  })

  test('a request for a lease that comes after its release takes nothing', async () => {
    const { scripts } = await opened()
    const request = { task: 'job/0', owner: 'a', leaseMs, nonce: 'n1' }
    const acquired = await scripts.acquire(request)
    if (acquired.type === 'acquired') await scripts.release({ lease: acquired.lease })
    expect(await scripts.acquire(request)).toEqual({ type: 'held', owner: '', expiresInMs: 0 })
    expect((await scripts.acquire({ ...request, nonce: 'n2' })).type).toBe('acquired')
  })

  test('on another server all leases are void, once, and epochs go on', async () => {
    const store = await opened()
    const lease = await taskOf(store)
    expect(await store.scripts.holds({ lease })).toBe(true)
    await store.set(firstTime, 'second')
    expect(await store.scripts.holds({ lease })).toBe(false)
    expect(await store.scripts.writeCheckpoint(writeOf(lease, 1))).toEqual({ type: 'fenced' })
    expect(await store.scripts.confirm({ records: [{ lease, seq: 0 }] })).toBe('gone')
    expect(await store.scripts.renew({ leases: [lease], leaseMs })).toEqual([false])
    const again = await taskOf(store, 'b')
    expect(again).toMatchObject({ task: lease.task, run: 'first.2', epoch: 2 })
    expect(await store.scripts.holds({ lease: again })).toBe(true)
  })

  test('on another server a lease of no task is void, too', async () => {
    const store = await opened()
    const request = { task: 'discovery:clicks', owner: 'a', leaseMs, nonce: 'n1' }
    await store.scripts.acquire(request)
    await store.set(firstTime, 'second')
    const other = await store.scripts.acquire({ ...request, owner: 'b', nonce: 'n2' })
    expect(other).toMatchObject({ type: 'acquired', lease: { run: 'first.2', epoch: 2 } })
  })

  test('on another server reservations are void, too', async () => {
    const store = await opened()
    const lease = await taskOf(store)
    await store.scripts.release({ lease, reserveFor: 'c' })
    await store.set(firstTime, 'second')
    await store.scripts.holds({ lease })
    expect((await store.scripts.claim(claimRequest)).length).toBe(2)
  })

  test('records are confirmed that are there, and no others', async () => {
    const store = await opened()
    const lease = await taskOf(store)
    await store.scripts.writeCheckpoint(writeOf(lease, 1))
    expect(await store.scripts.confirm({ records: [{ lease, seq: 1 }] })).toBe('durable')
    expect(await store.scripts.confirm({ records: [{ lease, seq: 2 }] })).toBe('gone')
  })

  test('a checkpoint whose pieces are not all there is not written', async () => {
    const store = await opened()
    const lease = await taskOf(store)
    const stage = { lease, seq: 1, piece: 0, offset: 0, contents: [frame('a')], isLast: false }
    expect(await store.scripts.stage(stage)).toEqual({ type: 'written' })
    expect(await store.scripts.writeCheckpoint(writeOf(lease, 1, { staged: 1 }))).toEqual({ type: 'unstaged' })
    await store.scripts.stage({ ...stage, offset: 1, contents: [frame('b')], isLast: true })
    expect(await store.scripts.writeCheckpoint(writeOf(lease, 1, { staged: 2 }))).toEqual({ type: 'unstaged' })
    expect(await store.scripts.writeCheckpoint(writeOf(lease, 1, { staged: 1 }))).toEqual({ type: 'written' })
    expect(await store.scripts.depths({ exchanges: ['counts'] })).toEqual([[2, 0]])
  })

  test('what was staged by another tenure, or for another checkpoint, is never published', async () => {
    const store = await opened()
    const first = await taskOf(store)
    await store.scripts.stage({ lease: first, seq: 1, piece: 0, offset: 0, contents: [frame('old')], isLast: true })
    await store.scripts.release({ lease: first })
    const second = await taskOf(store, 'b')
    expect(await store.scripts.writeCheckpoint(writeOf(second, 1, { staged: 1 }))).toEqual({ type: 'unstaged' })
    expect(await store.scripts.writeCheckpoint(writeOf(second, 1))).toEqual({ type: 'written' })
    expect(Object.keys(await store.dump()).filter((key) => key.startsWith('staged:'))).toEqual([])
  })

  test('a reader past the end is told the end, the run, and whether its server is the one of the run', async () => {
    const store = await opened()
    const cursor = { exchange: 'counts', partition: 1, after: '7' }
    const request = { cursors: [cursor], mostBytes: 10, mostTotalBytes: 10 }
    const beyond = { type: 'beyond', cursor, end: '0', run: 'first.1' }
    expect(await store.scripts.readExchanges(request)).toEqual({ ...beyond, isAdopted: true })
    await store.set(firstTime, 'second')
    expect(await store.scripts.readExchanges(request)).toEqual({ ...beyond, isAdopted: false })
  })

  test('the last two records are kept', async () => {
    const store = await opened()
    const lease = await taskOf(store)
    for (const seq of [1, 2, 3]) await store.scripts.writeCheckpoint(writeOf(lease, seq))
    expect(await store.scripts.records({ task: lease.task })).toEqual(['record 3', 'record 2'])
  })

  test('another run begins with nothing but dead letters, once, and only after the one that was meant', async () => {
    const store = await opened()
    const { scripts } = store
    const lease = await taskOf(store)
    const letter = { type: 'letter', bytes: Buffer.from('letter') } as const
    await scripts.writeCheckpoint(
      writeOf(lease, 1, { contents: [letter, frame('x')], sends: ['counts'], watermark: 5 }),
    )
    expect(await scripts.newRun({ nonce: 'next', from: 'other.1' })).toBe('changed')
    expect(await scripts.newRun({ nonce: 'next', from: 'first.1' })).toBe('begun')
    expect(await scripts.newRun({ nonce: 'next', from: 'first.1' })).toBe('already')
    expect(await scripts.holds({ lease })).toBe(false)
    const { run } = await scripts.open({ stages, nonce: 'unused' })
    expect(run).toBe('next.1')
    expect(await scripts.records({ task: lease.task })).toEqual([])
    expect(await scripts.depths({ exchanges: ['counts'] })).toEqual([[0, 0]])
    expect((await scripts.letters({ state: undefined, after: 0, limit: 10, mostBytes: 100 })).length).toBe(1)
    expect((await taskOf(store, 'b')).epoch).toBe(2)
  })

  test('tasks that are put into another run go on from their records', async () => {
    const store = await opened()
    const { scripts } = store
    const lease = await taskOf(store)
    await scripts.writeCheckpoint(writeOf(lease, 1, { contents: [frame('ab')] }))
    const consumed = { exchange: 'counts', partition: 0, position: '2' }
    await scripts.writeCheckpoint(writeOf(lease, 2, { consumed, watermark: 7 }))
    const view = await scripts.overview()
    const tasks = await scripts.tasks({ tasks: ['counts/0', 'counts/1', 'clicks/0'] })
    await scripts.newRun({ nonce: 'next', from: view.run })
    const { ends } = view
    expect(await scripts.restore({ run: 'other', stages, ends, tasks })).toBe('changed')
    expect(await scripts.restore({ run: 'next.1', stages, ends, tasks })).toBe('restored')
    expect(await scripts.open({ stages, nonce: 'x' })).toMatchObject({ run: 'next.1', partitions: { counts: 2 } })
    const again = await taskOf(store, 'b')
    expect(await scripts.records({ task: again.task })).toEqual(['record 2'])
    expect(await scripts.writeCheckpoint(writeOf(again, 3, { consumed }))).toEqual({ type: 'written' })
    expect(
      (await scripts.readExchanges({ cursors: [{ ...consumed, after: '2' }], mostBytes: 9, mostTotalBytes: 9 })).type,
    ).toBe('read')
  })
}
