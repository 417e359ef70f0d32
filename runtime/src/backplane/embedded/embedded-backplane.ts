import type {
  Acquired,
  Backplane,
  Checkpoint,
  CheckpointWrite,
  Lease,
  StateBlob,
  StoredDeadLetter,
  WriteOutcome,
} from '@millrace/core'
import { MillraceError, badOption } from '@millrace/core'
import { systemWorld, type World } from '../../world.ts'
import { Checkpoints } from './checkpoints.ts'
import { Database } from './database.ts'
import { DeadLetters, type LetterQuery } from './dead-letters.ts'
import { type LeaseContext, Leases } from './leases.ts'
import { livenessOf, type Liveness } from './owner.ts'
import { StateBlobs } from './state-blobs.ts'

/** Options of {@link embeddedBackplane}. */
export interface EmbeddedBackplaneOptions {
  /** The SQLite file, made when it is not there; `:memory:` for one that ends with the process. */
  readonly path: string
  /** Name of the job; a file that belongs to another job is then refused. */
  readonly job?: string
  /** Clock and randomness. @default systemWorld */
  readonly world?: Pick<World, 'clock' | 'nonce' | 'giveWay'>
  /** Tells whether the owner of a lease still lives. @default looks among the processes of this machine */
  readonly livenessOf?: (owner: string) => Liveness
}

/**
 * The backplane of one machine: a SQLite file, flushed to the disk with every checkpoint. One process at a time runs a
 * job; another one is refused while the first lives, and takes over at once when it has died. The file may not lie on a
 * network drive. Nothing is opened before the first call.
 */
export const embeddedBackplane = (options: EmbeddedBackplaneOptions): Backplane => new EmbeddedBackplane(options)

interface Tables {
  readonly db: Database
  readonly leases: Leases
  readonly checkpoints: Checkpoints
  readonly blobs: StateBlobs
  readonly letters: DeadLetters
}

class EmbeddedBackplane implements Backplane {
  readonly #options: EmbeddedBackplaneOptions
  readonly #world: Pick<World, 'clock' | 'nonce' | 'giveWay'>
  #tables: Tables | 'closed' | undefined

  constructor(options: EmbeddedBackplaneOptions) {
    if (typeof options.path !== 'string' || options.path === '') throw badOption('path: name the state file')
    this.#options = options
    this.#world = options.world ?? systemWorld
  }

  async acquire({ task, owner, leaseMs }: { task: string; owner: string; leaseMs: number }): Promise<Acquired> {
    const { db, leases } = this.#open()
    return db.write(() => leases.acquire(task, owner, leaseMs))
  }

  async renew(held: readonly Lease[], leaseMs: number): Promise<readonly boolean[]> {
    const { db, leases } = this.#open()
    return db.write(() => held.map((lease) => leases.renew(lease, leaseMs)))
  }

  async release(lease: Lease): Promise<void> {
    const { db, leases } = this.#open()
    db.write(() => leases.release(lease))
  }

  async readCheckpoint(task: string): Promise<Checkpoint | undefined> {
    return this.#open().checkpoints.last(task)
  }

  async writeCheckpoint(lease: Lease, write: CheckpointWrite): Promise<WriteOutcome> {
    const tables = this.#open()
    return tables.db.write(() => {
      if (!tables.leases.holds(lease)) return 'fenced'
      if (tables.checkpoints.place(lease, write.checkpoint) === 'repeat') return 'already'
      insertCheckpoint(tables, lease, write)
      return 'written'
    })
  }

  /** A transaction is on the disk when it returns. */
  async durable(): Promise<void> {}

  async readState(blob: StateBlob): Promise<Uint8Array> {
    return this.#open().blobs.read(blob)
  }

  async writeBase(lease: Lease, blob: StateBlob, bytes: Uint8Array): Promise<WriteOutcome> {
    const { db, leases, blobs } = this.#open()
    const fenced = (change: () => WriteOutcome): WriteOutcome =>
      db.write(() => (leases.holds(lease) ? change() : 'fenced'))
    const begun = fenced(() => (blobs.begin(lease, blob) ? 'written' : 'already'))
    if (begun !== 'written') return begun
    for (const turn of blobs.turns(blob, bytes)) {
      await this.#world.giveWay()
      if (fenced(() => (turn(), 'written')) === 'fenced') return 'fenced'
    }
    return fenced(() => (blobs.finish(blob), 'written'))
  }

  async collectGarbage(lease: Lease): Promise<void> {
    const { db, leases, checkpoints, blobs } = this.#open()
    db.write(() => {
      if (leases.holds(lease)) blobs.forget(lease, checkpoints.namedBlobs(lease.task))
    })
    while (db.write(() => blobs.dropOrphans())) await this.#world.giveWay()
  }

  async deadLetters(request: LetterQuery): Promise<readonly StoredDeadLetter[]> {
    return this.#open().letters.list(request)
  }

  async redrive(ids?: readonly number[]): Promise<number> {
    const { db, letters } = this.#open()
    return db.write(() => letters.mark(ids))
  }

  async close(): Promise<void> {
    if (this.#tables !== undefined && this.#tables !== 'closed') this.#tables.db.close()
    this.#tables = 'closed'
  }

  #open(): Tables {
    if (this.#tables === 'closed')
      throw new MillraceError('BACKPLANE', `state file ${this.#options.path}: it is closed`)
    this.#tables ??= openTables(this.#options, this.#world)
    return this.#tables
  }
}

function openTables(
  { path, job, livenessOf: liveness = livenessOf }: EmbeddedBackplaneOptions,
  world: Pick<World, 'clock' | 'nonce' | 'giveWay'>,
): Tables {
  const db = Database.open(path)
  const context: LeaseContext = { clock: world.clock, nonce: () => world.nonce(), livenessOf: liveness }
  if (job !== undefined) checkJob(db, job)
  return {
    db,
    leases: new Leases(db, context),
    checkpoints: new Checkpoints(db),
    blobs: new StateBlobs(db, () => world.giveWay()),
    letters: new DeadLetters(db),
  }
}

function checkJob(db: Database, job: string): void {
  const owner = db.write(() => {
    db.run(`INSERT OR IGNORE INTO meta VALUES ('job', ?)`, job)
    return db.get<{ value: string }>(`SELECT value FROM meta WHERE key = 'job'`)?.value
  })
  if (owner === job) return
  db.close()
  throw badOption(
    `state: ${db.path} belongs to job ${JSON.stringify(owner)}; give ${JSON.stringify(job)} a file of its own`,
  )
}

function insertCheckpoint({ checkpoints, blobs, letters }: Tables, lease: Lease, write: CheckpointWrite): void {
  const { checkpoint, delta, deadLetters, redriven } = write
  if (delta !== undefined) blobs.insert(lease, delta.blob, delta.bytes)
  blobs.name(checkpoint.state)
  checkpoints.insert(lease, checkpoint)
  letters.insert(deadLetters, checkpoint.seq, checkpoint.takenAt)
  letters.remove(redriven)
}
