import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { badOption, type Checkpoint, type Lease, type StateBlob } from '@millrace/core'
import { Checkpoints } from '../../backplane/embedded/checkpoints.ts'
import { Database } from '../../backplane/embedded/database.ts'
import { Leases } from '../../backplane/embedded/leases.ts'
import { livenessOf, thisProcess } from '../../backplane/embedded/owner.ts'
import { StateBlobs } from '../../backplane/embedded/state-blobs.ts'
import type { World } from '../../world.ts'
import { StateFile } from '../state-file.ts'
import { type JobImage, unreadTask, type WaitingFrame } from './job-image.ts'
import type { JobStore } from './job-store.ts'

const leaseMs = 60_000

/** A job in a state file. */
export class FileJobStore implements JobStore {
  readonly kind = 'file'
  readonly where: string
  readonly #path: string
  readonly #world: World
  #db: Database | undefined
  /** Of the run that was begun: no worker starts meanwhile. */
  #leases: Lease[] = []

  constructor(path: string, cwd: string, world: World) {
    this.where = path
    this.#path = resolve(cwd, path)
    this.#world = world
  }

  async read(): Promise<JobImage | undefined> {
    const file = this.#open()
    const checkpoints = file?.checkpoints() ?? []
    const [job, run] = [file?.job, checkpoints[0]?.tenure.run]
    file?.close()
    if (job === undefined || run === undefined) return undefined
    const last = new Map(checkpoints.toReversed().map((checkpoint) => [checkpoint.task, checkpoint]))
    return { kind: 'file', job, run, stages: [], consumed: {}, tasks: [...last.values()].map(taskOf) }
  }

  async readState(_task: string, blob: StateBlob): Promise<Uint8Array> {
    return this.#blobs.read(blob)
  }

  async *frames(): AsyncGenerator<WaitingFrame> {}

  async runners(): Promise<string[]> {
    const file = this.#open()
    const runner = file?.runner()
    file?.close()
    return runner === undefined ? [] : [`process ${runner.pid}`]
  }

  /** What is stored of the run before goes in the same instant. */
  async begin(job: string): Promise<void> {
    const db = this.#database
    const owner = thisProcess(this.#world.nonce())
    db.write(() => {
      db.run(`INSERT OR IGNORE INTO meta VALUES ('job', ?)`, job)
      const known = db.get<{ value: string }>(`SELECT value FROM meta WHERE key = 'job'`)?.value
      if (known !== job) throw badOption(`--state: ${this.where} belongs to job '${known}'; give '${job}' another file`)
      db.run(`INSERT OR REPLACE INTO meta VALUES ('run', ?)`, this.#world.nonce())
      for (const table of ['checkpoint', 'blob', 'chunk']) db.run(`DELETE FROM ${table}`)
      this.#leases = [this.#acquire(db, job, owner)]
    })
  }

  async writeState(task: string, blob: StateBlob, bytes: Uint8Array): Promise<void> {
    const [db, blobs, lease] = [this.#database, this.#blobs, this.#leaseOf(task)]
    db.write(() => blobs.begin(lease, blob))
    for (const turn of blobs.turns(blob, bytes)) db.write(turn)
    db.write(() => blobs.finish(blob))
  }

  async restore({ tasks }: Omit<JobImage, 'run' | 'kind'>): Promise<void> {
    const [db, blobs] = [this.#database, this.#blobs]
    const checkpoints = new Checkpoints(db)
    db.write(() => {
      for (const { task, record } of tasks) {
        if (record === undefined) continue
        const checkpoint = JSON.parse(record) as Checkpoint
        blobs.name(checkpoint.state)
        checkpoints.insert(this.#leaseOf(task), checkpoint)
      }
    })
  }

  /** A job that is one task sends nothing. */
  async writeFrames(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    const db = this.#db
    if (db === undefined) return
    const leases = this.#leasesIn(db)
    db.write(() => this.#leases.splice(0).forEach((lease) => leases.release(lease)))
    db.close()
  }

  get #database(): Database {
    this.#db ??= Database.open(this.#path)
    return this.#db
  }

  get #blobs(): StateBlobs {
    return new StateBlobs(this.#database, () => this.#world.giveWay())
  }

  #open(): StateFile | undefined {
    return existsSync(this.#path) ? StateFile.open({ state: this.#path }, '.') : undefined
  }

  #leaseOf(task: string): Lease {
    const lease = this.#leases.find((each) => each.task === task)
    if (lease) return lease
    throw badOption(`file: holds task ${task}, which is none of a state file`)
  }

  #leasesIn(db: Database): Leases {
    return new Leases(db, { clock: this.#world.clock, nonce: () => this.#world.nonce(), livenessOf })
  }

  #acquire(db: Database, task: string, owner: string): Lease {
    const acquired = this.#leasesIn(db).acquire(task, owner, leaseMs)
    if (acquired.type === 'acquired') return acquired.lease
    throw badOption(`--state: ${acquired.owner} runs the job of ${this.where}: stop it, and try again`)
  }
}

const taskOf = (checkpoint: Checkpoint): JobImage['tasks'][number] => ({
  ...unreadTask,
  task: checkpoint.task,
  state: 'ready',
  seq: checkpoint.seq,
  takenAt: checkpoint.takenAt,
  record: JSON.stringify(checkpoint),
})
