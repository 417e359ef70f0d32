import { setMaxListeners } from 'node:events'
import { type ClusterBackplane, type Graph, type HeartbeatReply, type Lease, MillraceError } from '@millrace/core'
import type { Plan } from '@millrace/core/engine'
import { ExchangeHub } from '../exchange/exchange-hub.ts'
import { closeWithin } from '../worker/task.ts'
import { fenced } from '../worker/fenced.ts'
import type { Ending, WorkerState } from '../worker/lifecycle.ts'
import type { Progress } from '../worker/progress.ts'
import { Backoff, messageOf, saysRetryable } from '../worker/retry.ts'
import { Wake } from '../worker/wake.ts'
import { balance, type Moves } from './balance.ts'
import { ClusterProgress } from './cluster-progress.ts'
import { HeldTasks } from './held-tasks.ts'
import { openJob } from './open-job.ts'
import { Room } from './room.ts'
import { SourceDiscovery } from './source-discovery.ts'
import { type StageTaskSettings, StageTasks } from './stage-tasks.ts'

/** Options of {@link ClusterWorker}, all of them resolved. */
export interface ClusterWorkerOptions extends Omit<StageTaskSettings, 'room' | 'hub' | 'plan'> {
  readonly graph: Graph
  readonly backplane: ClusterBackplane
  /** Name of this worker, unique to it. */
  readonly worker: string
  readonly leaseMs: number
  /** Number of partitions of each exchange, where the run has none yet. */
  readonly partitions: number
  /** How many tasks of sources it runs at the same time; those of exchanges must all run, or sources would wait for ever. */
  readonly mostTasks: number
  /** How many bytes may wait in a partition of an exchange. */
  readonly exchangeBytes: number
}

/** Signs of life are never further apart than this: requests of other workers come with them, and free tasks. */
const mostBeatMs = 500
/** How long a worker waits for tasks that it has asked for before it asks again. */
const askEveryMs = 2_000
/** How often a worker that waits for a task asks for it. */
const claimEveryMs = 100
const closeWithinMs = 5_000

/** One worker among many: takes tasks, runs them, gives some away when others have less to do. */
export class ClusterWorker {
  readonly #options: ClusterWorkerOptions
  readonly #wake = new Wake()
  /** Fires when no more work is to be taken. */
  readonly #stopping = new AbortController()
  readonly #progress: ClusterProgress
  readonly #sources: ReadonlySet<string>
  #state: WorkerState = 'new'
  #tasks: HeldTasks | undefined
  #hub: ExchangeHub | undefined
  #run = ''
  #discoveries: readonly SourceDiscovery[] = []
  #life: Promise<Ending> | undefined
  #failure: { readonly error: unknown } | undefined
  #beatAt = -Infinity
  #renewAt = -Infinity
  /** How many tasks it should have, and how many it may find, by the last reply. */
  #share = 0
  #free = 0
  /** Asked another worker for tasks, until then. */
  #awaitingUntil = -Infinity
  #askedAt = -Infinity
  #isDraining = false
  /** There was something to do since it came. */
  #sawTasks = false

  constructor(options: ClusterWorkerOptions) {
    this.#options = options
    this.#sources = new Set(options.graph.sources.map(({ name }) => name))
    this.#progress = new ClusterProgress(options.graph.name, options.world)
    setMaxListeners(0, this.#stopping.signal)
  }

  get state(): WorkerState {
    return this.#state
  }

  /** Runs until the job is done, {@link ClusterWorker.stop} or an error; resolves when everything is closed. */
  run(): Promise<Ending> {
    this.#life ??= this.#live()
    return this.#life
  }

  /** Lets every task write a last checkpoint, gives all leases up, and leaves. */
  stop(): void {
    this.#stopping.abort()
    this.#wake.call()
  }

  progress(): Progress {
    return this.#progress.now(this.#state, this.#tasks?.running ?? [])
  }

  async #live(): Promise<Ending> {
    this.#state = 'acquiring'
    try {
      const opened = await openJob({ ...this.#options, signal: this.#stopping.signal })
      if (opened === undefined) return 'stopped'
      this.#run = opened.run
      const factory = this.#factory(opened.plan)
      this.#tasks = new HeldTasks({
        ...this.#options,
        factory,
        ended: (task) => {
          this.#progress.ended(task)
          this.#wake.call()
        },
        failed: (error) => this.#fail(error),
      })
      this.#discoveries = this.#options.graph.sources.map((node) => this.#discovery(node))
      this.#state = 'running'
      return await this.#beat(this.#tasks)
    } finally {
      await this.#close()
    }
  }

  #factory(plan: Plan): StageTasks {
    const { backplane, world, log, exchangeBytes } = this.#options
    this.#hub = new ExchangeHub({ backplane, world, log })
    const exchanges = plan.exchanges.map(({ name }) => name)
    const room = new Room(backplane, world, exchanges, exchangeBytes)
    return new StageTasks({ ...this.#options, plan, room, hub: this.#hub })
  }

  #discovery(node: Graph['sources'][number]): SourceDiscovery {
    return new SourceDiscovery({
      ...this.#options,
      node,
      registered: () => this.#beatSoon(),
      failed: (error) => this.#fail(error),
    })
  }

  /** Goes on with its signs of life until the last task is closed: those write checkpoints to the end. */
  async #beat(tasks: HeldTasks): Promise<Ending> {
    const { world, log } = this.#options
    const backoff = new Backoff(world)
    for (;;) {
      if (this.#isLeaving) tasks.stopAll()
      if (this.#isLeaving && tasks.size === 0) return this.#ending()
      try {
        if (world.elapsed() >= this.#beatAt) {
          this.#beatAt = world.elapsed() + this.#beatMs
          if (await this.#beatOnce(tasks)) return this.#sawTasks ? 'finished' : 'nothing new'
        } else if (!this.#isLeaving) await this.#claim(tasks)
        backoff.reset()
        await this.#wake.wait(this.#untilNext(), world)
      } catch (error) {
        if (!saysRetryable(error)) this.#fail(error)
        // only the backplane knows whether leases are lost; it says so at the next beat or checkpoint
        log.warn({ err: error }, `the backplane did not answer: ${messageOf(error)}`)
        this.#beatAt = this.#renewAt = -Infinity
        await this.#wake.wait(Math.min(backoff.next(), this.#beatMs), world)
      }
    }
  }

  get #beatMs(): number {
    return Math.min(this.#options.leaseMs / 3, mostBeatMs)
  }

  get #isLeaving(): boolean {
    return this.#stopping.signal.aborted || this.#failure !== undefined
  }

  #ending(): Ending {
    if (this.#failure) throw this.#failure.error
    return 'stopped'
  }

  #untilNext(): number {
    const untilBeat = this.#beatAt - this.#options.world.elapsed()
    return this.#isAwaiting ? Math.min(claimEveryMs, untilBeat) : untilBeat
  }

  /** @returns whether the job is done */
  async #beatOnce(tasks: HeldTasks): Promise<boolean> {
    const { backplane, worker, leaseMs } = this.#options
    const leases = this.#due(tasks)
    const isDraining = this.#isDraining || this.#isLeaving
    const reply = await backplane.heartbeat({ worker, leases, leaseMs, load: tasks.load(), isDraining })
    this.#dropLost(tasks, leases, reply)
    if (lifeOf(reply.run) !== lifeOf(this.#run)) throw begunAnew(this.#options.graph.name)
    this.#isDraining ||= reply.drain
    this.#free = 0
    if (this.#isDraining) tasks.stopAll()
    if (this.#isDraining || this.#isLeaving) return false
    const isAnew = reply.tasks === 0 && !reply.finished
    let isNews = false
    for (const discovery of this.#discoveries) isNews = (await discovery.tend(isAnew)) || isNews
    this.#sawTasks ||= reply.tasks > 0
    const isSettled = !isNews && this.#discoveries.every((discovery) => discovery.isSettled)
    if (reply.finished && tasks.size === 0 && isSettled) return true
    await this.#move(tasks, balance(worker, tasks.rates(), reply))
    return false
  }

  /** The leases that are to be renewed: all of them, three times in their life. */
  #due(tasks: HeldTasks): readonly Lease[] {
    const { world, leaseMs } = this.#options
    const now = world.elapsed()
    if (now + this.#beatMs / 2 < this.#renewAt) return []
    this.#renewAt = now + leaseMs / 3
    return [...tasks.leases, ...this.#discoveries.flatMap(({ lease }) => lease ?? [])]
  }

  #dropLost(tasks: HeldTasks, leases: readonly Lease[], { held }: HeartbeatReply): void {
    const lost = new Set(leases.filter((_, i) => held[i] !== true))
    for (const lease of lost) tasks.lost(lease, fenced(lease))
    for (const discovery of this.#discoveries) if (discovery.lease && lost.has(discovery.lease)) discovery.lost()
  }

  async #move(tasks: HeldTasks, { give, share, free, ask }: Moves): Promise<void> {
    const { backplane, worker, leaseMs, world } = this.#options
    for (const { task, to } of give) tasks.give(task, to)
    this.#share = share
    this.#free = free
    await this.#claim(tasks)
    if (ask === undefined || this.#isAwaiting) return
    await backplane.ask({ from: ask, worker, leaseMs })
    this.#askedAt = world.elapsed()
    this.#awaitingUntil = this.#askedAt + askEveryMs
  }

  /** Waits for tasks that it has asked another worker for. */
  get #isAwaiting(): boolean {
    return this.#options.world.elapsed() < this.#awaitingUntil
  }

  /** Takes what is free, up to its share; what is kept for it is beyond that. */
  async #claim(tasks: HeldTasks): Promise<void> {
    const { backplane, worker, leaseMs, mostTasks } = this.#options
    // who gives a task may take its time: it is kept for this worker, and for nobody else, as long as a lease
    const mayBeKept = this.#options.world.elapsed() < this.#askedAt + leaseMs ? 1 : 0
    const wanted = Math.min(Math.max(this.#share - tasks.size, mayBeKept), this.#free)
    const most = this.#isAwaiting ? mostTasks : wanted
    if (most <= 0) return
    const mostOfSources = Math.max(0, mostTasks - tasks.count((stage) => this.#sources.has(stage)))
    const claimed = await backplane.claim({ worker, most, mostOfSources, leaseMs })
    for (const each of claimed) tasks.start(each)
    this.#free = claimed.length < most ? 0 : this.#free - claimed.length
    if (claimed.length > 0) this.#awaitingUntil = -Infinity
  }

  #beatSoon(): void {
    this.#beatAt = -Infinity
    this.#wake.call()
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#wake.call()
  }

  async #close(): Promise<void> {
    const { world, log, backplane, worker } = this.#options
    this.#state = 'closing'
    for (const discovery of this.#discoveries)
      await closeWithin(closeWithinMs, { what: 'discovery', close: () => discovery.close(), world, log })
    await closeWithin(closeWithinMs, { what: 'membership', close: () => backplane.leave(worker), world, log })
    await this.#hub?.close()
    this.#state = 'closed'
  }
}

/** A run without its generation, which a failover raises. */
const lifeOf = (run: string): string => run.split('.')[0] ?? ''

/** What this worker knows of the job, its number of partitions above all, may not hold any more. */
const begunAnew = (job: string): MillraceError =>
  new MillraceError(
    'FENCED',
    `job ${job}: it was begun anew (rewound, imported, or its Redis was emptied) while this worker ran: start it again`,
  )
