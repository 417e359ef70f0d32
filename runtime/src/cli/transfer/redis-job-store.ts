import { type Checkpoint, type Lease, MillraceError, type StateBlob, type WorkerInfo } from '@millrace/core'
import { RedisBackplane } from '../../backplane/redis/redis-backplane.ts'
import type { Overview, RestoredTask, TaskReply } from '../../backplane/redis/scripts.ts'
import { chunksBySize, mostScriptBytes } from '../../backplane/redis/split.ts'
import { readTasks } from '../../backplane/redis/status.ts'
import type { World } from '../../world.ts'
import type { JobImage, WaitingFrame } from './job-image.ts'
import type { JobStore } from './job-store.ts'
import type { RedisParts } from './redis-parts.ts'

/** Whose checkpoints publish what waits; a colon is in no name of a node. */
const importer = 'import:frames'
const leaseMs = 60_000
const mostBytes = 1024 * 1024
/** No worker has a lease for as long as this. */
const gcGraceMs = 600_000

/** A job whose workers share a Redis. */
export class RedisJobStore implements JobStore {
  readonly kind = 'redis'
  readonly where: string
  readonly #job: string
  readonly #parts: RedisParts
  readonly #world: World
  readonly #backplane: RedisBackplane
  #run = ''
  #lease: Lease | undefined
  #seq = 0

  constructor(job: string, where: string, parts: RedisParts, world: World) {
    this.#job = job
    this.where = where
    this.#parts = parts
    this.#world = world
    this.#backplane = new RedisBackplane({ ...parts, world, where, gcGraceMs })
  }

  async read(): Promise<JobImage | undefined> {
    const { scripts } = this.#parts
    const view = await scripts.overview()
    if (view.stages.length === 0) return undefined
    const [tasks, consumed] = [await readTasks(scripts, view), await this.#consumed(view)]
    return { kind: 'redis', job: this.#job, run: view.run, stages: view.stages, consumed, tasks: tasks.map(atRest) }
  }

  readState(task: string, blob: StateBlob): Promise<Uint8Array> {
    return this.#parts.store.read(task, blob)
  }

  async *frames({ consumed }: JobImage): AsyncGenerator<WaitingFrame> {
    for (const [exchange, positions] of Object.entries(consumed))
      for (const [partition, after] of positions.entries()) yield* this.#framesOf(exchange, partition, after)
  }

  async runners(): Promise<string[]> {
    const { scripts } = this.#parts
    const view = await scripts.overview()
    const owners = (await readTasks(scripts, view)).flatMap(({ owner, expiresInMs }) =>
      owner !== undefined && expiresInMs > 0 ? owner : [],
    )
    const alive = view.lines.map((line) => (JSON.parse(line) as WorkerInfo).worker)
    return [...new Set([...alive, ...owners])].toSorted()
  }

  async begin(): Promise<void> {
    const { scripts } = this.#parts
    const nonce = this.#world.nonce()
    const { run: from } = await scripts.overview()
    if ((await scripts.newRun({ nonce, from })) === 'changed') throw this.#changed()
    this.#run = `${nonce}.1`
    this.#lease = undefined
  }

  writeState(task: string, blob: StateBlob, bytes: Uint8Array): Promise<void> {
    return this.#parts.store.write(task, blob, bytes)
  }

  async restore({ stages, consumed, tasks }: Omit<JobImage, 'run' | 'kind'>): Promise<void> {
    const sizeOf = ({ record = '', partition = '' }: RestoredTask): number => record.length + partition.length + 500
    const chunks = chunksBySize(tasks, sizeOf, mostScriptBytes)
    for (const some of chunks.length > 0 ? chunks : [[]]) {
      const outcome = await this.#parts.scripts.restore({ run: this.#run, stages, ends: consumed, tasks: some })
      if (outcome === 'changed') throw this.#changed()
    }
  }

  /** A checkpoint of a task that does nothing else sends them on: they get the positions that they had. */
  async writeFrames(frames: readonly WaitingFrame[]): Promise<void> {
    const lease = (this.#lease ??= await this.#acquire())
    const checkpoint = emptyCheckpoint(lease, ++this.#seq, this.#world.clock.now())
    const exchange = { frames, staged: 0, sends: [], watermark: -Infinity, idle: false }
    const outcome = await this.#backplane.writeCheckpoint(lease, {
      checkpoint,
      deadLetters: [],
      redriven: [],
      exchange,
    })
    if (outcome === 'fenced') throw this.#changed()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const lease = this.#lease
    this.#lease = undefined
    try {
      if (lease) await this.#backplane.release(lease)
    } finally {
      await this.#backplane.close()
    }
  }

  async #acquire(): Promise<Lease> {
    const owner = `import-${this.#world.nonce()}`
    const acquired = await this.#backplane.acquire({ task: importer, owner, leaseMs })
    if (acquired.type === 'held') throw this.#changed()
    this.#seq = (await this.#backplane.readCheckpoint(importer))?.seq ?? 0
    return acquired.lease
  }

  async #consumed({ ends }: Overview): Promise<{ [exchange: string]: string[] }> {
    const exchanges = Object.keys(ends)
    const depths = await this.#parts.scripts.depths({ exchanges })
    return Object.fromEntries(
      exchanges.map((exchange, i) => [
        exchange,
        (ends[exchange] ?? []).map((end, partition) => String(Number(end) - (depths[i]?.[partition] ?? 0))),
      ]),
    )
  }

  async *#framesOf(exchange: string, partition: number, from: string): AsyncGenerator<WaitingFrame> {
    for (let [after, isMore] = [from, true]; isMore;) {
      const [found] = await this.#backplane.readExchanges([{ exchange, partition, after }], mostBytes)
      for (const { bytes } of found?.entries ?? []) yield { exchange, partition, bytes }
      after = found?.entries.at(-1)?.position ?? after
      isMore = found?.atEnd === false
    }
  }

  #changed(): MillraceError {
    return new MillraceError(
      'BACKPLANE',
      `${this.where}: somebody began another run of ${this.#job}, or takes part in this one: stop all workers and try again`,
    )
  }
}

/** As it is for whoever takes it next. */
const atRest = ({ owner: _o, epoch: _e, expiresInMs: _x, ...task }: TaskReply): RestoredTask => task

const emptyCheckpoint = (lease: Lease, seq: number, takenAt: number): Checkpoint => ({
  task: lease.task,
  seq,
  tenure: { run: lease.run, epoch: lease.epoch, nonce: lease.nonce },
  takenAt,
  topology: [],
  positions: {},
  engine: {},
  state: [],
  handles: [],
  sinks: {},
  finished: false,
})
