import type { Lease } from '@millrace/core'
import fc from 'fast-check'
import type { FoundRow, Piece, Scripts, StageShape } from '../../../../src/backplane/redis/scripts.ts'

/** What a sequence of calls has learnt of the job. */
export interface Memory {
  readonly leases: Lease[]
  readonly seqs: Map<string, number>
  readonly positions: string[]
  run: string
  claims: number
  nonces: number
}

export const freshMemory = (): Memory => ({
  leases: [],
  seqs: new Map(),
  positions: ['0'],
  run: '',
  claims: 1,
  nonces: 0,
})

/** One call. Its arguments are decided by what was learnt before, so two stores with the same replies are asked the same. */
export type Step = (scripts: Scripts, memory: Memory) => Promise<unknown>

const workers = ['a', 'b', 'c']
const leaseMs = 1_000
const ids = ['0', '1', '2', '3', '4']

const stages: readonly StageShape[] = [
  { name: 'clicks', kind: 'source', partitions: 0, sends: ['counts'] },
  { name: 'views', kind: 'source', partitions: 0, sends: ['counts', 'totals'] },
  { name: 'counts', kind: 'exchange', partitions: 2, sends: ['totals'] },
  { name: 'totals', kind: 'exchange', partitions: 1, sends: [] },
]
const shapes: readonly (readonly StageShape[])[] = [
  stages,
  stages.filter(({ name }) => name !== 'views'),
  stages.map((stage) => (stage.name === 'views' ? { ...stage, sends: ['totals'] } : stage)),
]

const worker = fc.constantFrom(...workers)
const source = fc.constantFrom('clicks', 'views')
const index = fc.nat(1_000)
const bytes = fc.uint8Array({ maxLength: 20 })
const time = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constantFrom(0.1, 1_700_000_000_000.5))

const found: fc.Arbitrary<FoundRow> = fc.record({
  id: fc.constantFrom(...ids),
  partition: fc.constant('{"id":"x"}'),
  start: fc.option(fc.constantFrom('', 'latest'), { nil: undefined }),
  parents: fc.uniqueArray(fc.constantFrom(...ids, 'gone'), { maxLength: 2 }),
  unlisted: fc.constantFrom<readonly string[]>([], ['gone'], ['3', 'gone']),
})

const rows = fc.uniqueArray(found, { maxLength: 3, selector: ({ id }) => id })

const piece: fc.Arbitrary<Piece> = fc.oneof(
  fc.record({ type: fc.constant('letter' as const), bytes }),
  fc.record({
    type: fc.constant('frame' as const),
    exchange: fc.constantFrom('counts', 'totals'),
    partition: fc.nat(1),
    bytes,
  }),
)
const pieces = fc.array(piece, { maxLength: 3 })

/** One of the newest leases: of those before, most are lost. */
const leaseAt = (memory: Memory, at: number): Lease =>
  memory.leases.at(-1 - (at % Math.max(1, Math.min(8, memory.leases.length)))) ?? {
    task: 'clicks/0',
    owner: 'a',
    run: 'x.1',
    epoch: 1,
    nonce: 'x',
    expiresAt: 0,
  }

const nonce = (memory: Memory): string => `n${memory.nonces++}`

const remember = (memory: Memory, lease: Lease): void => {
  memory.leases.push(lease)
  memory.run = lease.run
}

const steps = {
  open: fc.nat(shapes.length - 1).map(
    (at): Step =>
      (scripts, memory) =>
        scripts.open({ stages: shapes[at] ?? stages, nonce: nonce(memory) }),
  ),
  retire: source.map(
    (name): Step =>
      (scripts) =>
        scripts.retire({ stages: [name] }),
  ),
  acquire: fc
    .tuple(fc.constantFrom('job/0', 'discovery:clicks', 'counts/0'), worker)
    .map(([task, owner]): Step => async (scripts, memory) => {
      const acquired = await scripts.acquire({ task, owner, leaseMs, nonce: nonce(memory) })
      if (acquired.type === 'acquired') remember(memory, acquired.lease)
      return acquired
    }),
  claim: fc
    .tuple(worker, fc.nat(4), fc.nat(2), fc.integer({ min: -1, max: 1 }))
    .map(([name, most, mostOfSources, ahead]): Step => async (scripts, memory) => {
      memory.claims += ahead === 1 ? 1 : 0
      const number = Math.max(1, memory.claims + Math.min(0, ahead))
      const request = { worker: name, most, mostOfSources, leaseMs, session: `s${name}`, number, nonce: `c${number}` }
      const claimed = await scripts.claim(request)
      for (const { lease } of claimed) remember(memory, lease)
      return claimed
    }),
  renew: fc.tuple(index, fc.constantFrom(leaseMs, 2 * leaseMs)).map(
    ([at, ms]): Step =>
      (scripts, memory) =>
        scripts.renew({ leases: [leaseAt(memory, at), leaseAt(memory, at + 1)], leaseMs: ms }),
  ),
  heartbeat: fc.tuple(worker, index, fc.boolean()).map(([name, at, wantsLines]): Step => async (scripts, memory) => {
    const request = {
      worker: name,
      session: `s${name}`,
      leases: [leaseAt(memory, at)],
      leaseMs,
      line: name,
      wantsLines,
    }
    const reply = await scripts.heartbeat(request)
    return { ...reply, lines: reply.lines.toSorted() }
  }),
  release: fc.tuple(index, fc.option(worker, { nil: undefined })).map(
    ([at, reserveFor]): Step =>
      (scripts, memory) =>
        scripts.release({ lease: leaseAt(memory, at), reserveFor }),
  ),
  ask: fc.tuple(worker, worker).map(
    ([from, name]): Step =>
      (scripts) =>
        scripts.ask({ from, worker: name, leaseMs }),
  ),
  leave: fc.tuple(worker, fc.boolean()).map(
    ([name, isOwn]): Step =>
      (scripts) =>
        scripts.leave({ worker: name, session: isOwn ? `s${name}` : undefined }),
  ),
  drain: worker.map(
    (name): Step =>
      (scripts) =>
        scripts.drain({ worker: name }),
  ),
  register: fc
    .tuple(source, rows, fc.boolean(), fc.boolean())
    .map(([name, rows, isLast, final]): Step => async (scripts, memory) => {
      const request = { task: `discovery:${name}`, owner: 'a', leaseMs, nonce: nonce(memory) }
      const acquired = await scripts.acquire(request)
      if (acquired.type === 'held') return acquired
      return scripts.register({ lease: acquired.lease, source: name, found: rows, isLast, final })
    }),
  stage: fc
    .tuple(index, fc.nat(1), fc.nat(1), pieces, fc.boolean())
    .map(([at, number, ahead, contents, isLast]): Step => (scripts, memory) => {
      const lease = leaseAt(memory, at)
      const seq = (memory.seqs.get(lease.task) ?? 0) + ahead
      return scripts.stage({ lease, seq, piece: number, offset: 0, contents, isLast })
    }),
  write: fc
    .record({
      at: index,
      ahead: fc.constantFrom(1, 1, 1, 1, 1, 1, 0, 2),
      staged: fc.constantFrom(0, 0, 0, 0, 1, 2),
      contents: pieces,
      redriven: fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { maxLength: 2 }),
      watermark: fc.option(time, { nil: undefined }),
      idle: fc.boolean(),
      position: index,
      ended: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: rows }),
    })
    .map(({ at, ahead, position, ...rest }): Step => async (scripts, memory) => {
      const lease = leaseAt(memory, at)
      const [name = '', partition = ''] = lease.task.split('/')
      const last = memory.seqs.get(lease.task) ?? 0
      const isExchange = name === 'counts' || name === 'totals'
      const consumed = {
        exchange: name,
        partition: Number(partition),
        position: memory.positions[position % memory.positions.length] ?? '0',
      }
      const reply = await scripts.writeCheckpoint({
        ...rest,
        lease,
        seq: last + ahead,
        takenAt: 5,
        record: `{"seq":${last + ahead}}`,
        sends: stages.find((stage) => stage.name === name)?.sends ?? [],
        consumed: isExchange ? consumed : undefined,
      })
      if (reply.type === 'written') memory.seqs.set(lease.task, last + ahead)
      if (reply.type === 'misplaced') memory.seqs.set(lease.task, reply.last)
      return reply
    }),
  read: fc
    .tuple(index, fc.constantFrom(1, 10, 1_000), fc.constantFrom(5, 1_000))
    .map(([at, mostBytes, mostTotalBytes]): Step => async (scripts, memory) => {
      const after = memory.positions[at % memory.positions.length] ?? '0'
      const cursors = [
        { exchange: 'counts', partition: 0, after: '0' },
        { exchange: 'counts', partition: 1, after },
        { exchange: 'totals', partition: 0, after: '0' },
      ]
      const reply = await scripts.readExchanges({ cursors, mostBytes, mostTotalBytes })
      if (reply.type === 'read')
        memory.positions.push(...reply.found.flatMap(({ entries }) => entries.map(({ position }) => position)))
      return reply
    }),
  depths: fc.constant<Step>((scripts) => scripts.depths({ exchanges: ['counts', 'totals', 'none'] })),
  letters: fc.tuple(fc.constantFrom('stored' as const, 'redrive' as const, undefined), fc.nat(3), fc.nat(30)).map(
    ([state, after, mostBytes]): Step =>
      (scripts) =>
        scripts.letters({ state, after, limit: 3, mostBytes }),
  ),
  redrive: fc.option(fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 3 }), { nil: undefined }).map(
    (chosen): Step =>
      (scripts) =>
        scripts.redrive({ ids: chosen }),
  ),
  confirm: index.map((at): Step => (scripts, memory) => {
    const lease = leaseAt(memory, at)
    return scripts.confirm({ records: [{ lease, seq: memory.seqs.get(lease.task) ?? 0 }] })
  }),
  look: fc.constant<Step>(async (scripts) => {
    const view = await scripts.overview()
    const names = ['clicks/0', 'clicks/1', 'views/0', 'counts/0', 'counts/1', 'totals/0', 'none/0']
    const stageOrder = view.stages.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    const known = await scripts.knownPartitions({ source: 'clicks' })
    return {
      ...view,
      stages: stageOrder,
      partitions: Object.entries(view.partitions)
        .map(([name, each]) => `${name}: ${each.toSorted().join()}`)
        .toSorted(),
      known: known?.toSorted(),
      tasks: await scripts.tasks({ tasks: names }),
      records: await scripts.records({ task: 'clicks/0' }),
    }
  }),
  newRun: fc.boolean().map(
    (isRight): Step =>
      (scripts, memory) =>
        scripts.newRun({ nonce: nonce(memory), from: isRight ? memory.run : 'other' }),
  ),
}

/** A call, and how far the clock goes before it; seldom, another server. */
export interface Moment {
  readonly name: string
  readonly step: Step
  readonly ms: number
  readonly isElsewhere: boolean
}

/** What changes little is asked for often; what undoes a lot, seldom. */
const weights: { readonly [Name in keyof typeof steps]?: number } = {
  write: 60,
  claim: 25,
  register: 15,
  read: 15,
  stage: 8,
  heartbeat: 8,
  release: 8,
  look: 8,
  confirm: 5,
  redrive: 5,
  letters: 5,
  open: 4,
  acquire: 3,
}

const chosen = fc.oneof(
  ...Object.entries(steps).map(([name, step]) => ({
    weight: (weights as { readonly [name: string]: number })[name] ?? 1,
    arbitrary: (step as fc.Arbitrary<Step>).map((each) => ({ name, step: each })),
  })),
)

/** Sequences of calls, as they may come from workers and a network that repeats and delays. */
export const moments: fc.Arbitrary<Moment[]> = fc.array(
  fc
    .tuple(
      chosen,
      fc.oneof({ weight: 6, arbitrary: fc.nat(300) }, { weight: 1, arbitrary: fc.constantFrom(1_500, -5_000) }),
      fc.oneof({ weight: 60, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    )
    .map(([each, ms, isElsewhere]) => ({ ...each, ms, isElsewhere })),
  { minLength: 20, maxLength: 120, size: 'max' },
)

/** How every job begins, or most calls would find nothing. */
export const begin: readonly Step[] = [
  (scripts) => scripts.open({ stages, nonce: 'begin' }),
  async (scripts, memory) => {
    const request = { worker: 'a', session: 'sa', most: 3, mostOfSources: 0, leaseMs, nonce: 'begin', number: 1 }
    for (const { lease } of await scripts.claim(request)) remember(memory, lease)
  },
]
