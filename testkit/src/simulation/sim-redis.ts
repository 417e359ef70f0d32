import type { Checkpoint, ExchangePartition } from '@millrace/core'
import { Keys, ModelServer, modelScripts, type Scripts } from '@millrace/runtime/testing'
import type { Chance } from './chance.ts'
import type { History } from './history.ts'
import type { SimClock } from './sim-clock.ts'
import type { Holder } from './defects.ts'
import { type SimProcess, startOfTime } from './sim-process.ts'

/** A primary and its replica, which follows it at a distance. A failover forgets what the replica had not got. */
export class SimRedis {
  readonly scripts: Scripts
  readonly #time: SimClock
  readonly #chance: Chance
  readonly #history: History
  readonly #keys: Keys
  #servers = 0
  #primary: ModelServer
  #replica: ModelServer
  /** How far its clock is off, in ms. */
  #skewMs = 0
  /** Clients that have not heard of a failover, and the server that they are still connected to. */
  readonly #old = new Map<string, ModelServer>()
  /** Its memory is at its limit, whatever is in it. */
  isFull = false
  /** So much waiting in exchanges fills its memory. */
  mostWaitingBytes: number = Infinity
  /** A wait for copies is content with an old master that has none, as one on another connection is. */
  trustsOldMaster = false
  /** Grows when leases may become void or expire before their time. */
  era = 0
  /** Whose clock counts instead, for the defect that trusts a worker's. */
  otherClock: (() => number) | undefined

  constructor(job: string, time: SimClock, chance: Chance, history: History) {
    this.#time = time
    this.#chance = chance
    this.#history = history
    this.#keys = new Keys(job)
    this.#primary = new ModelServer(this.#identity())
    this.#replica = this.#primary.copy(this.#identity())
    this.scripts = this.scriptsOf('')
    this.#follow()
  }

  /** As a client reaches them, on the server that it is connected to. */
  scriptsOf(client: string): Scripts {
    return modelScripts({
      server: () => this.#reached(client),
      keys: this.#keys,
      isDurable: (server, offset) => this.#isDurable(server, offset),
    })
  }

  /** Which server a client is connected to. */
  serverOf(client: string): string {
    return this.#reached(client).id
  }

  /** Its clock is set to so much off the right time. */
  jump(skewMs: number): void {
    if (skewMs === this.#skewMs) return
    this.#history.note('redis', `its clock jumps to ${Math.round(skewMs)} ms off`)
    this.#skewMs = skewMs
    this.era++
  }

  /** The replica takes over, as it is. Some clients may not hear of it, and stay with the one before until it is demoted. */
  failover(left: readonly string[] = []): void {
    this.era++
    const forgotten = this.#primary.offset - this.#replica.offset
    const still = left.length === 0 ? '' : `; ${left.join(', ')} still at the old master`
    this.#history.note('redis', `failover: ${forgotten} writes are forgotten${still}`)
    for (const client of left) if (!this.#old.has(client)) this.#old.set(client, this.#primary)
    this.#primary = this.#replica
    this.#replica = this.#primary.copy(this.#identity())
  }

  /** Old masters become replicas: what only they had is forgotten, and their clients hear of the present one. */
  demote(): void {
    if (this.#old.size === 0) return
    this.#history.note('redis', 'the old master is demoted')
    this.#old.clear()
  }

  /** All of it is gone. */
  flush(): void {
    this.#history.note('redis', 'FLUSHALL')
    this.era++
    this.demote()
    this.#primary = new ModelServer(this.#identity())
    this.#replica = this.#primary.copy(this.#identity())
  }

  /** Another process with the same data. */
  restart(): void {
    this.#history.note('redis', 'restart: nothing is forgotten')
    this.era++
    this.#primary = this.#primary.copy(this.#identity())
    this.#replica = this.#primary.copy(this.#identity())
  }

  /** Who holds the lease of a task. */
  holderOf(task: string): Holder | undefined {
    const get = (field: string): string | undefined => this.#primary.data.hget(this.#keys.of(`lease:${task}`), field)
    const [run, epoch, nonce] = [get('run'), get('epoch'), get('nonce')]
    return get('owner') === undefined || run === undefined || nonce === undefined
      ? undefined
      : { run, epoch: Number(epoch), nonce }
  }

  /** Whether a record that is left names a handle. Those of another run are gone with it. */
  names({ id, task, run }: { readonly id: string; readonly task: string; readonly run: string }): boolean {
    const present = this.#primary.data.hget(this.#keys.of('meta'), 'run')
    if (present !== run.split('.')[0]) return true
    const key = this.#keys.of(`ckpt:${task}`)
    return ['record', 'before'].some((field) => this.#primary.data.hget(key, field)?.includes(JSON.stringify(id)))
  }

  /** All last records. */
  records(): Checkpoint[] {
    const { data } = this.#primary
    const prefix = this.#keys.of('ckpt:')
    return data
      .keys()
      .filter((key) => key.startsWith(prefix))
      .flatMap((key) => data.hget(key, 'record') ?? [])
      .map((record) => JSON.parse(record) as Checkpoint)
  }

  /** Whether the last record of a task lists handles, as a client sees it. */
  hasHandles(client: string, task: string): boolean {
    const record = this.#reached(client).data.hget(this.#keys.of(`ckpt:${task}`), 'record')
    return record !== undefined && (JSON.parse(record) as Checkpoint).handles.length > 0
  }

  /** What is wrong with how far a record says that its exchange was read. */
  misread(client: string, consumed: (ExchangePartition & { readonly position: string }) | undefined): string[] {
    if (consumed === undefined) return []
    const { exchange, partition, position } = consumed
    const end = Number(this.#reached(client).data.hget(this.#keys.of(`xm:${exchange}`), `end:${partition}`) ?? 0)
    return Number(position) <= end ? [] : [`${exchange}/${partition} was read up to ${position}, and ends at ${end}`]
  }

  /** Number of the last record of a task. */
  lastSeq(task: string): number {
    return Number(this.#primary.data.hget(this.#keys.of(`ckpt:${task}`), 'seq') ?? 0)
  }

  /** Drops what lies before a position of an exchange, whoever has read it. */
  trim(at: { readonly exchange: string; readonly partition: number } | undefined, position: string | undefined): void {
    if (at === undefined || position === undefined) return
    this.#primary.data.xtrim(this.#keys.of(`x:${at.exchange}:${at.partition}`), Number(position))
  }

  /** Runs scripts by the clock of a process. */
  withClock<T>({ clock }: Pick<SimProcess, 'clock'>, run: () => T): T {
    this.otherClock = () => clock.now()
    try {
      return run()
    } finally {
      this.otherClock = undefined
    }
  }

  #identity(): { readonly id: string; readonly clock: { now(): number } } {
    const now = (): number => this.otherClock?.() ?? startOfTime + this.#time.now + this.#skewMs
    return { id: `server-${++this.#servers}`, clock: { now } }
  }

  /** Refuses what would take more memory. */
  get isFullNow(): boolean {
    return this.#reached('').isFull
  }

  #reached(client: string): ModelServer {
    const server = this.#old.get(client) ?? this.#primary
    server.isFull = this.isFull || this.#waitingBytes(server) >= this.mostWaitingBytes
    return server
  }

  #waitingBytes({ data }: ModelServer): number {
    if (this.mostWaitingBytes === Infinity) return 0
    let bytes = 0
    for (const stage of data.hgetall(this.#keys.of('stages')).keys())
      for (const [field, value] of data.hgetall(this.#keys.of(`xm:${stage}`)))
        bytes += Number(value) * (field.startsWith('end:') ? 1 : -1)
    return bytes
  }

  #follow(): void {
    const pauseMs = this.#chance.is(0.02) ? this.#chance.between(500, 4_000) : this.#chance.between(5, 120)
    this.#time.after(pauseMs, () => {
      const behind = this.#primary.offset - this.#replica.offset
      this.#replica.follow(this.#primary, this.#primary.offset - Math.min(behind, this.#chance.whole(0, 3)))
      this.#follow()
    })
  }

  /** As WAIT is: answers when the replica has it, or not after a while. */
  #isDurable(server: ModelServer, offset: number): Promise<boolean> {
    const end = this.#time.now + 2_000
    return new Promise((resolve) => {
      const look = (): void => {
        const isLeft = server !== this.#primary
        if (isLeft && this.trustsOldMaster) resolve(true)
        else if (isLeft || this.#time.now > end) resolve(false)
        else if (this.#replica.offset >= offset) resolve(true)
        else this.#time.after(10, look)
      }
      look()
    })
  }
}
