import type {
  Acquired,
  Checkpoint,
  CheckpointWrite,
  ClaimedTask,
  ClusterBackplane,
  ClusterStatus,
  ExchangeCursor,
  ExchangeEntries,
  FoundPartitions,
  HeartbeatReply,
  HeartbeatRequest,
  JobShape,
  Lease,
  OpenedJob,
  OutgoingFrame,
  StateBlob,
  StateStore,
  StoredDeadLetter,
  WriteOutcome,
} from '@millrace/core'
import type { World } from '../../world.ts'
import { CheckpointWriter } from './checkpoint-writer.ts'
import { Confirmations } from './confirmations.ts'
import { ExchangeReads } from './exchange-reads.ts'
import { decodeLetter } from './letter-bytes.ts'
import { type ClaimOptions, Membership } from './membership.ts'
import { Registry } from './registry.ts'
import type { LettersRequest, Scripts, StageShape } from './scripts.ts'
import { readStatus } from './status.ts'
import { TaskStates } from './task-states.ts'

/** What a {@link RedisBackplane} stands on. */
export interface RedisBackplanePorts {
  readonly scripts: Scripts
  readonly store: StateStore
  readonly world: Pick<World, 'elapsed' | 'nonce'>
  /** Which Redis, for errors: no password in it. */
  readonly where: string
  /** How long a blob stays that no record names any more. */
  readonly gcGraceMs: number
}

/** So much of letters one script gives at most, about. */
const mostLetterBytes = 4 * 1024 * 1024

/** The backplane over the scripts of a Redis, or of its model, and a store of state. */
export class RedisBackplane implements ClusterBackplane {
  readonly #scripts: Scripts
  readonly #store: StateStore
  readonly #nonce: () => string
  readonly #states: TaskStates
  readonly #writer: CheckpointWriter
  readonly #reads: ExchangeReads
  readonly #members: Membership
  readonly #registry: Registry
  readonly #confirmations: Confirmations
  /** Nonces of requests for a lease whose outcome is unknown. */
  readonly #acquiring = new Map<string, string>()
  /** Number of the last record of each task, as far as it is known. */
  readonly #seqs = new Map<string, number>()

  constructor({ scripts, store, world, where, gcGraceMs }: RedisBackplanePorts) {
    this.#scripts = scripts
    this.#store = store
    this.#nonce = () => world.nonce()
    this.#states = new TaskStates(store, world, gcGraceMs)
    this.#writer = new CheckpointWriter(scripts, this.#states, where)
    this.#reads = new ExchangeReads(scripts, world, where)
    this.#members = new Membership(scripts, world)
    this.#registry = new Registry(scripts)
    this.#confirmations = new Confirmations(scripts, where)
  }

  async open({ sources, exchanges }: JobShape): Promise<OpenedJob> {
    const stages = [
      ...sources.map(({ name, sends }): StageShape => ({ name, kind: 'source', partitions: 0, sends })),
      ...exchanges.map((shape): StageShape => ({ ...shape, kind: 'exchange' })),
    ]
    return this.#scripts.open({ stages, nonce: this.#nonce() })
  }

  retire(stages: readonly string[]): Promise<void> {
    return this.#scripts.retire({ stages })
  }

  async acquire({ task, owner, leaseMs }: { task: string; owner: string; leaseMs: number }): Promise<Acquired> {
    const request = `${task}\n${owner}`
    const nonce = this.#acquiring.get(request) ?? this.#nonce()
    this.#acquiring.set(request, nonce)
    const acquired = await this.#scripts.acquire({ task, owner, leaseMs, nonce })
    this.#acquiring.delete(request)
    if (acquired.type === 'acquired') this.#reads.sawRun(acquired.lease.run)
    return acquired
  }

  renew(leases: readonly Lease[], leaseMs: number): Promise<readonly boolean[]> {
    return this.#scripts.renew({ leases, leaseMs })
  }

  release(lease: Lease, { reserveFor }: { readonly reserveFor?: string } = {}): Promise<void> {
    return this.#scripts.release({ lease, reserveFor })
  }

  async heartbeat(request: HeartbeatRequest): Promise<HeartbeatReply> {
    const reply = await this.#members.heartbeat(request)
    this.#reads.sawRun(reply.run)
    return reply
  }

  async claim(request: ClaimOptions): Promise<readonly ClaimedTask[]> {
    const claimed = await this.#members.claim(request)
    for (const { lease } of claimed) this.#reads.sawRun(lease.run)
    return claimed
  }

  ask(request: { readonly from: string; readonly worker: string; readonly leaseMs: number }): Promise<void> {
    return this.#scripts.ask(request)
  }

  leave(worker: string): Promise<void> {
    return this.#members.leave(worker)
  }

  drain(worker: string): Promise<boolean> {
    return this.#scripts.drain({ worker })
  }

  knownPartitions(source: string): Promise<readonly string[] | undefined> {
    return this.#registry.known(source)
  }

  registerPartitions(lease: Lease, found: FoundPartitions): Promise<WriteOutcome> {
    return this.#registry.register(lease, found)
  }

  async readCheckpoint(task: string): Promise<Checkpoint | undefined> {
    const [last] = await this.#records(task)
    // where there is none, one that this worker knew of is forgotten
    this.#states.restored(task, last?.state ?? [])
    this.#seqs.set(task, last?.seq ?? 0)
    return last
  }

  async writeCheckpoint(lease: Lease, write: CheckpointWrite): Promise<WriteOutcome> {
    const outcome = await this.#writer.write(lease, write)
    if (outcome !== 'fenced') this.#seqs.set(lease.task, write.checkpoint.seq)
    return outcome
  }

  stageFrames(
    lease: Lease,
    { seq, piece, frames }: { readonly seq: number; readonly piece: number; readonly frames: readonly OutgoingFrame[] },
  ): Promise<WriteOutcome> {
    return this.#writer.stage(lease, seq, piece, frames)
  }

  durable(lease: Lease): Promise<void> {
    return this.#confirmations.confirm({ lease, seq: this.#seqs.get(lease.task) ?? 0 })
  }

  readState(blob: StateBlob, task: string): Promise<Uint8Array> {
    return this.#store.read(task, blob)
  }

  async writeBase(lease: Lease, blob: StateBlob, bytes: Uint8Array): Promise<WriteOutcome> {
    if (!(await this.#scripts.holds({ lease }))) return 'fenced'
    if (this.#states.has(lease, blob)) return 'already'
    await this.#states.write(lease, blob, bytes)
    return (await this.#scripts.holds({ lease })) ? 'written' : 'fenced'
  }

  async collectGarbage(lease: Lease): Promise<void> {
    if (!(await this.#scripts.holds({ lease }))) return
    const records = await this.#records(lease.task)
    const named = records.flatMap(({ state }) => state.map(({ id }) => id))
    await this.#states.collect(lease, new Set(named))
  }

  readExchanges(cursors: readonly ExchangeCursor[], mostBytes: number): Promise<readonly ExchangeEntries[]> {
    return this.#reads.read(cursors, mostBytes)
  }

  async depths(exchanges: readonly string[]): Promise<{ readonly [exchange: string]: readonly number[] }> {
    const depths = await this.#scripts.depths({ exchanges })
    return Object.fromEntries(exchanges.map((exchange, i) => [exchange, depths[i] ?? []]))
  }

  status(): Promise<ClusterStatus> {
    return readStatus(this.#scripts)
  }

  async deadLetters(request: Partial<LettersRequest> & { readonly limit: number }): Promise<StoredDeadLetter[]> {
    const letters: StoredDeadLetter[] = []
    let after = request.after ?? 0
    for (let isMore = true; isMore && letters.length < request.limit;) {
      const limit = request.limit - letters.length
      const found = await this.#scripts.letters({ state: request.state, after, limit, mostBytes: mostLetterBytes })
      letters.push(...found.map(decodeLetter))
      after = found.at(-1)?.id ?? after
      isMore = found.length > 0
    }
    return letters
  }

  redrive(ids?: readonly number[]): Promise<number> {
    return this.#scripts.redrive({ ids })
  }

  async close(): Promise<void> {
    await this.#scripts.close()
    await this.#store.close()
  }

  async #records(task: string): Promise<Checkpoint[]> {
    return (await this.#scripts.records({ task })).map((record) => JSON.parse(record) as Checkpoint)
  }
}
