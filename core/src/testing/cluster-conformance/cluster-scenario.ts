import type { CheckpointWrite, Lease, WriteOutcome } from '../../connector/backplane.ts'
import {
  type ClaimedTask,
  type ClusterBackplane,
  discoveryName,
  type ExchangeEntries,
  type ExchangeWrite,
  type FoundPartition,
  type HeartbeatReply,
  type HeartbeatRequest,
  type JobShape,
} from '../../connector/cluster.ts'
import type { Expect } from '../test-runner.ts'
import { record, writeOf } from '../backplane-conformance/scenario.ts'

/** A store under test, and what only its own tests can do to it. */
export interface ClusterStore {
  /** Another client of the same store, as another worker has one. */
  connect(): Promise<ClusterBackplane>
  /** Lets the clock that leases go by run on; back, where `ms` is negative. */
  advance(ms: number): Promise<void>
  dispose(): Promise<void>
}

/** Registers one test of the suite. */
type ScenarioTest = (name: string, run: (scenario: ClusterScenario) => Promise<void>) => unknown

/** One part of the suite. */
export type ClusterPart = (test: ScenarioTest, expect: Expect) => void

/** One source before one exchange of two partitions. */
export const shape: JobShape = {
  sources: [{ name: 'clicks', sends: ['counts'] }],
  exchanges: [{ name: 'counts', partitions: 2, sends: [] }],
}

/** Two exchanges, one behind the other. */
export const longShape: JobShape = {
  sources: [{ name: 'clicks', sends: ['counts'] }],
  exchanges: [
    { name: 'counts', partitions: 2, sends: ['totals'] },
    { name: 'totals', partitions: 1, sends: [] },
  ],
}

/** What a {@link ClusterScenario.write} says beyond its record. */
export interface Write extends Partial<Omit<ExchangeWrite, 'frames'>> {
  readonly frames?: readonly (readonly [exchange: string, partition: number, text: string])[]
  /** The partition has ended, and these go on. */
  readonly ended?: readonly FoundPartition[]
}

/** Workers, tasks and what they do, in the fewest words. */
export class ClusterScenario {
  readonly store: ClusterStore
  readonly leaseMs: number
  readonly #seqs = new Map<string, number>()

  constructor(store: ClusterStore, leaseMs: number) {
    this.store = store
    this.leaseMs = leaseMs
  }

  /** A client of a job that is open. */
  async open(job: JobShape = shape): Promise<ClusterBackplane> {
    const backplane = await this.store.connect()
    await backplane.open(job)
    return backplane
  }

  /** A client that has given a sign of life as this worker. */
  async worker(name: string, job: JobShape = shape): Promise<ClusterBackplane> {
    const backplane = await this.open(job)
    await this.beat(backplane, name)
    return backplane
  }

  beat(
    backplane: ClusterBackplane,
    worker: string,
    more: Partial<HeartbeatRequest> & { readonly claimed?: readonly ClaimedTask[] } = {},
  ): Promise<HeartbeatReply> {
    const { claimed = [], ...rest } = more
    const load = { tasks: claimed.length, recordsPerSecond: 0, backlog: 0 }
    const leases = claimed.map(({ lease }) => lease)
    return backplane.heartbeat({ worker, leases, leaseMs: this.leaseMs, load, isDraining: false, ...rest })
  }

  claim(
    backplane: ClusterBackplane,
    worker: string,
    most = 100,
    mostOfSources: number = most,
  ): Promise<readonly ClaimedTask[]> {
    return backplane.claim({ worker, most, mostOfSources, leaseMs: this.leaseMs })
  }

  /** Names of the tasks that a worker gets, in order of their names. */
  async claimedNames(backplane: ClusterBackplane, worker: string, most?: number): Promise<string[]> {
    return namesOf(await this.claim(backplane, worker, most))
  }

  /** Takes all tasks that may run. @returns the one of that name */
  async take(backplane: ClusterBackplane, worker: string, task: string): Promise<ClaimedTask> {
    const claimed = await this.claim(backplane, worker)
    const found = claimed.find(({ lease }) => lease.task === task)
    if (found === undefined) throw new Error(`${worker} got ${namesOf(claimed).join()} and not ${task}`)
    for (const other of claimed) if (other !== found) await backplane.release(other.lease)
    return found
  }

  async discoveryLease(backplane: ClusterBackplane, source = 'clicks', owner = 'discoverer'): Promise<Lease> {
    const request = { task: discoveryName(source), owner, leaseMs: this.leaseMs }
    const acquired = await backplane.acquire(request)
    if (acquired.type === 'held') throw new Error(`${acquired.owner} looks for partitions`)
    return acquired.lease
  }

  /** Registers a list of partitions. */
  async found(
    backplane: ClusterBackplane,
    partitions: readonly (string | FoundPartition)[],
    { final = false, source = 'clicks' }: { readonly final?: boolean; readonly source?: string } = {},
  ): Promise<WriteOutcome> {
    const lease = await this.discoveryLease(backplane, source)
    const list = partitions.map((each) => (typeof each === 'string' ? { id: each } : each))
    return backplane.registerPartitions(lease, { source, partitions: list, final })
  }

  /** Writes the next checkpoint of a task. */
  async write(backplane: ClusterBackplane, { lease }: ClaimedTask, write: Write = {}): Promise<WriteOutcome> {
    const seq = (this.#seqs.get(lease.task) ?? 0) + 1
    const outcome = await backplane.writeCheckpoint(lease, checkpointOf(lease, seq, write))
    if (outcome === 'written') this.#seqs.set(lease.task, seq)
    return outcome
  }

  async read(backplane: ClusterBackplane, exchange: string, partition = 0, after = '0'): Promise<ExchangeEntries> {
    const [found] = await backplane.readExchanges([{ exchange, partition, after }], 1_000_000)
    if (found === undefined) throw new Error('no answer to a cursor')
    return found
  }

  async watermark(backplane: ClusterBackplane, exchange = 'counts'): Promise<number | undefined> {
    return (await this.read(backplane, exchange)).watermark
  }
}

/** Names of tasks, sorted. */
export const namesOf = (claimed: readonly ClaimedTask[]): string[] => claimed.map(({ lease }) => lease.task).toSorted()

/** A write of a record with what goes to other stages; a source of the shapes above sends to `counts`. */
export function checkpointOf(lease: Lease, seq: number, write: Write): CheckpointWrite {
  const { frames = [], ended, ...rest } = write
  const sends = lease.task.startsWith('clicks/') ? ['counts'] : []
  return writeOf(record(lease, seq), {
    exchange: {
      frames: frames.map(([exchange, partition, text]) => ({ exchange, partition, bytes: encode(text) })),
      staged: 0,
      sends,
      watermark: 0,
      idle: false,
      ...rest,
    },
    ...(ended && { ended: { children: ended } }),
  })
}

/** Characters as bytes, one each. */
export const encode = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0))

/** The texts of entries. */
export const textsOf = ({ entries }: ExchangeEntries): string[] =>
  entries.map(({ bytes }) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))

/** The positions of entries. */
export const positionsOf = ({ entries }: ExchangeEntries): string[] => entries.map(({ position }) => position)
