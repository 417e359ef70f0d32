import type { Backplane, Checkpoint, CheckpointWrite, Lease, StateBlob } from '../../connector/backplane.ts'
import { tenureId } from '../../connector/sink.ts'
import type { ErrorCode } from '../../errors.ts'
import type { DeadLetter } from '../../topology/dead-letter.ts'
import type { Expect } from '../test-runner.ts'

/** A store under test, and what only its own tests can do to it. */
export interface BackplaneStore {
  /** Another client of the same store, as another worker has one. */
  connect(): Promise<Backplane>
  /** Lets the clock that leases go by run on; back, where `ms` is negative. */
  advance(ms: number): Promise<void>
  /** Spoils the stored bytes of a blob of {@link task}. */
  damage(blob: StateBlob, how: 'missing' | 'shorter' | 'changed'): Promise<void>
  /** Ends the process of an owner; absent where the store cannot know of it. */
  kill?(owner: string): Promise<void>
  dispose(): Promise<void>
}

/** Registers one test of the suite. */
type ScenarioTest = (name: string, run: (scenario: Scenario) => Promise<void>) => unknown

/** One part of the suite. */
export type ConformancePart = (test: ScenarioTest, expect: Expect) => void

/** The name of the one task that most tests use. */
export const task = 'job/0'

/** Owners, leases and writes in the fewest words. */
export class Scenario {
  readonly store: BackplaneStore
  readonly leaseMs: number

  constructor(store: BackplaneStore, leaseMs: number) {
    this.store = store
    this.leaseMs = leaseMs
  }

  /** A connected worker that holds the task. */
  async owner(name: string): Promise<{ readonly backplane: Backplane; readonly lease: Lease }> {
    const backplane = await this.store.connect()
    return { backplane, lease: await this.take(backplane, name) }
  }

  /** Lets the present lease expire; then another worker takes the task. */
  async successor(name: string): Promise<{ readonly backplane: Backplane; readonly lease: Lease }> {
    await this.store.advance(this.leaseMs + 1)
    return this.owner(name)
  }

  async take(backplane: Backplane, owner: string, of: string = task): Promise<Lease> {
    const acquired = await backplane.acquire({ task: of, owner, leaseMs: this.leaseMs })
    if (acquired.type === 'held') throw new Error(`${owner} was refused ${of}: ${acquired.owner} holds it`)
    return acquired.lease
  }
}

/** A whole record, with what a test cares about put in. */
export const record = (lease: Lease, seq: number, changes: Partial<Checkpoint> = {}): Checkpoint => ({
  task: lease.task,
  seq,
  tenure: { run: lease.run, epoch: lease.epoch, nonce: lease.nonce },
  takenAt: 1_700_000_000_000 + seq,
  topology: { counts: 'window' },
  positions: { clicks: { 'shard-0': String(seq * 10), 'shard-1': null } },
  engine: { watermark: seq },
  state: [],
  handles: [{ sink: 'views', id: `${tenureId(lease)}-${seq}`, destination: '/out/views', data: { seq } }],
  sinks: { views: { part: seq } },
  finished: false,
  ...changes,
})

/** A write of nothing but a record. */
export const writeOf = (checkpoint: Checkpoint, more: Partial<CheckpointWrite> = {}): CheckpointWrite => ({
  checkpoint,
  deadLetters: [],
  redriven: [],
  ...more,
})

/** A blob of the tenure and its pointer. */
export async function blobOf(
  lease: Lease,
  seq: number,
  kind: StateBlob['kind'],
  length: number,
): Promise<{ readonly blob: StateBlob; readonly bytes: Uint8Array }> {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + seq) % 251
  const hash = [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))]
  const hex = hash.map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return { blob: { id: `${tenureId(lease)}-${seq}-${kind}`, kind, bytes: length, hash: hex }, bytes }
}

/** A dead letter with a number in it. */
export const letter = (n: number, changes: Partial<DeadLetter> = {}): DeadLetter => ({
  source: 'clicks',
  node: 'views.window',
  partition: 'shard-0',
  position: String(n),
  code: 'BAD_RECORD',
  message: `record ${n} does not decode`,
  time: undefined,
  bytes: new Uint8Array([0, 255, n]),
  ...changes,
})

/** What a rejected promise was rejected with: its code, or else its text; `resolved` when it was not. */
export const codeOf = async (promise: Promise<unknown>): Promise<ErrorCode | string> => {
  try {
    await promise
    return 'resolved'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}
