import { isMillraceError, type Sink, type Source } from '@millrace/core'
import type { Job, Logger, StartOptions } from '@millrace/runtime'
import { MemoryStateStore, RedisBackplane, startIn } from '@millrace/runtime/testing'
import { Chance } from './chance.ts'
import { Crew, type Member } from './crew.ts'
import type { Defect } from './defects.ts'
import { History } from './history.ts'
import { differences, expectedOutput, type Output } from './oracle.ts'
import { plainEvent } from './plain-events.ts'
import { type Ends, type Profile, profiles } from './profiles.ts'
import type { Part, Scenario } from './scenario.ts'
import { ScriptWatch } from './script-watch.ts'
import { SimClock } from './sim-clock.ts'
import { SimDestination } from './sim-destination.ts'
import { SimNetwork } from './sim-network.ts'
import { SimProcess } from './sim-process.ts'
import { SimRedis } from './sim-redis.ts'
import { connectStore } from './sim-store.ts'
import { type SimRecord, SimStream } from './sim-stream.ts'

/** How a life ended. */
export interface Verdict {
  readonly seed: number
  /** Undefined for a plain life. */
  readonly scenario?: string | undefined
  readonly profile: string
  /** Nothing, when all was as it must be. */
  readonly problems: readonly string[]
  readonly history: readonly string[]
}

/** What a life has beside the usual faults. */
export interface LifeOptions {
  readonly scenario?: Scenario | undefined
  readonly defect?: Defect | undefined
}

/** Longer than any life should take once nothing fails any more: then it does not go on. */
const patienceMs = 400_000

/** One life of a cluster: workers, Redis, sources and destinations in one process, and what goes wrong with them. */
export class Life {
  readonly chance: Chance
  readonly time: SimClock = new SimClock()
  readonly history: History
  readonly redis: SimRedis
  readonly network: SimNetwork
  readonly crew: Crew
  readonly watch: ScriptWatch
  readonly store: MemoryStateStore
  /** What files of state hold at present that somebody has damaged, by id. */
  readonly damaged: Map<string, Uint8Array> = new Map()
  readonly streams: readonly SimStream[]
  readonly destinations: readonly SimDestination[]
  readonly profile: Profile
  readonly leaseMs: number
  /** What was found to be wrong so far. */
  readonly problems: string[] = []
  readonly #seed: number
  readonly #scenario: Scenario | undefined
  readonly #defect: Defect | undefined
  readonly #part: Part
  readonly #checkpointMs: number
  readonly #partitions: number
  readonly #exchangeBytes: number
  readonly #spanMs: number
  #nonces = 0
  #isHealed = false

  constructor(seed: number, { scenario, defect }: LifeOptions = {}) {
    this.#seed = seed
    this.#scenario = scenario
    this.#defect = defect
    const chance = (this.chance = new Chance(seed))
    const { time } = this
    const history = (this.history = new History(time))
    const possible = scenario?.profiles ?? profiles
    const fixed = possible.find(({ name }) => name === defect?.profile)
    this.profile = fixed ?? chance.pick(possible)
    this.leaseMs = chance.pick([1_000, 2_000, 5_000])
    this.#checkpointMs = chance.pick([100, 400])
    this.#partitions = chance.whole(1, 3)
    this.#exchangeBytes = chance.pick([1, 2_000, 1_000_000])
    this.#spanMs = chance.between(8_000, 20_000)
    const redis = (this.redis = new SimRedis('sim', time, chance, history))
    this.crew = this.#hire()
    this.network = new SimNetwork(time, chance, history, this.crew.cutOff)
    this.store = new MemoryStateStore(new SimProcess('store', time, chance, () => ''))
    this.streams = Array.from({ length: this.profile.streams }, (_, i) => this.#stream(`s${i}`))
    this.destinations = ['out', 'late', 'letters'].map((name) => new SimDestination(name, this))
    this.watch = new ScriptWatch({ time, history, redis, leaseMs: this.leaseMs, problems: this.problems })
    this.#part = scenario?.begin(this) ?? {}
    defect?.prepare?.(this)
  }

  /** Nothing fails any more. */
  get isHealed(): boolean {
    return this.#isHealed
  }

  /** Lives it, and judges. */
  async live(): Promise<Verdict> {
    const uninstall = this.#defect?.install?.()
    try {
      await this.#liveAndJudge()
    } finally {
      uninstall?.()
    }
    this.problems.push(...this.destinations.flatMap(({ problems }) => problems))
    const [{ name }, scenario] = [this.profile, this.#scenario?.name]
    return { seed: this.#seed, scenario, profile: name, problems: this.problems, history: this.history.lines }
  }

  async #liveAndJudge(): Promise<void> {
    const { judge } = this.#part
    const expected = judge ? undefined : await expectedOutput(this.profile, this.streams)
    await this.#play()
    if (this.problems.length > 0) return
    const output = await this.#output()
    this.problems.push(...((await judge?.(output)) ?? []))
    if (expected) this.problems.push(...differences(expected, output))
  }

  async #play(): Promise<void> {
    const { time, chance, crew } = this
    const workers = chance.whole(1, 4)
    for (let i = 0; i < workers; i++) crew.join()
    this.#makeTrouble()
    const faultsEnd = time.now + this.#spanMs * chance.between(1, 1.6)
    while (time.now < faultsEnd && this.problems.length === 0) {
      await time.until(() => false, chance.between(200, 3_000))
      const happens = this.#event()
      if (happens) await happens
    }
    await this.#heal()
    const isOver = (): boolean => this.problems.length > 0 || crew.members.every(({ ended }) => ended)
    if (!(await time.until(isOver, patienceMs))) this.problems.push(`no progress: ${this.#unfinished()}`)
  }

  #unfinished(): string {
    const left = this.crew.living().map(({ process: { name }, job }) => `${name} is ${job.progress().state}`)
    return `the job did not finish: ${left.join(', ')}`
  }

  #makeTrouble(): void {
    const { chance, network } = this
    const often = chance.pick([0, 0.01, 0.04])
    Object.assign(network.faults, { lostRequest: often, lostReply: often, doubled: often, lateMs: 20_000 })
    for (const { readFailures } of this.streams) readFailures.probability = chance.pick([0, 0.02])
    for (const { faults } of this.destinations)
      Object.assign(faults, {
        failure: chance.pick([0, 0.05]),
        retry: chance.pick([0, 0.1]),
        slowMs: chance.pick([5, 400]),
      })
  }

  #event(): void | Promise<void> {
    const { event, hasPlainEvents = true } = this.#part
    if (event !== undefined && (!hasPlainEvents || this.chance.is(0.5))) return event()
    if (hasPlainEvents) plainEvent(this)
  }

  async #heal(): Promise<void> {
    this.history.note('-', 'nothing fails from here on')
    this.#isHealed = true
    Object.assign(this.network.faults, { lostRequest: 0, lostReply: 0, doubled: 0 })
    this.redis.jump(0)
    for (const { readFailures } of this.streams) readFailures.probability = 0
    for (const { faults } of this.destinations) Object.assign(faults, { failure: 0, retry: 0, slowMs: 5 })
    this.crew.heal()
    await this.#part.heal?.()
    // one that is not on its way out: it sees the job to its end
    this.crew.join()
  }

  #hire(): Crew {
    const { time, chance, history } = this
    return new Crew({
      time,
      chance,
      history,
      nonce: () => this.#defect?.nonce?.() ?? `n${++this.#nonces}`,
      start: (process) => this.start(process),
      failed: (error, member) => this.#failed(error, member),
    })
  }

  /** Starts a worker, of this topology or of another one. */
  start(process: SimProcess, topology: Profile['topology'] = this.profile.topology): Job {
    const { name } = process
    const own: Partial<StartOptions> = this.#part.options?.() ?? {}
    return startIn(process, topology(this.#ends(process)), {
      state: this.#connect(process),
      leaseMs: this.leaseMs,
      checkpointEvery: this.#checkpointMs,
      env: {},
      log: this.#log(name),
      ...own,
      ...this.#defect?.options,
      cluster: { worker: name, partitions: this.#partitions, exchangeBytes: this.#exchangeBytes, ...own.cluster },
    })
  }

  #failed(error: unknown, member: Member): void {
    const text = error instanceof Error ? error.message : String(error)
    // a failover forgot that the job had begun: whoever watches the process starts it again
    const isExpected = (this.#part.failed?.(error, member) ?? false) || isMillraceError(error, 'FENCED')
    if (isExpected) this.crew.join()
    else this.problems.push(`${member.process.name} has failed: ${text}`)
  }

  #connect(process: SimProcess): RedisBackplane {
    const own = this.redis.scriptsOf(process.name)
    const changed = this.#defect?.scripts?.(own, this, process) ?? own
    const scripts = this.network.connect(process, this.watch.watch(changed, process.name))
    const reached = this.#part.store?.(this.store) ?? this.store
    const changedStore = this.#defect?.store?.(reached, this) ?? reached
    const store = connectStore(changedStore, process, this.chance, this.#defect?.blobId ?? ((id) => id))
    const gcGraceMs = this.#defect?.gcGraceMs ?? this.#part.gcGraceMs ?? 60_000
    return new RedisBackplane({ scripts, store, world: process, where: 'redis', gcGraceMs })
  }

  #ends(process: SimProcess): Ends {
    const sinkOf = (destination: SimDestination): Sink<unknown> =>
      this.#part.sink?.(destination.name, process) ?? destination.sink(process)
    const [out, late, letters] = this.destinations.map(sinkOf) as [Sink<unknown>, Sink<unknown>, Sink<unknown>]
    return { sources: this.streams.map((stream) => this.#source(stream, process)), out, late, letters }
  }

  #source(stream: SimStream, process: SimProcess): Source<SimRecord> {
    const source = stream.source(process)
    const played = this.#part.source?.(source, stream) ?? source
    const latest = (partition: string): string => stream.latest(partition, this.time.now)
    return this.#defect?.source?.(played, latest) ?? played
  }

  #stream(name: string): SimStream {
    const { chance } = this
    return new SimStream({
      name,
      chance,
      partitions: chance.whole(1, 3),
      records: chance.whole(60, 250),
      spanMs: this.#spanMs,
      reshards: chance.is(0.6),
      lateMs: chance.pick([0, 2_000, 30_000]),
      disorderMs: this.profile.late ? 6_000 : 1_900,
      keys: chance.whole(2, 9),
      from: 10_000,
      ...this.#scenario?.stream,
    })
  }

  async #output(): Promise<Output> {
    const [out = [], late = [], letters = []] = this.destinations.map(({ visible }) => visible)
    const looker = new SimProcess('looker', this.time, this.chance, () => 'looker')
    let stored: Output['stored'] | undefined
    const store = connectStore(this.store, looker, this.chance, (id) => id)
    const ports = { scripts: this.redis.scripts, store, world: looker, where: 'redis', gcGraceMs: 0 }
    void new RedisBackplane(ports).deadLetters({ limit: 10_000 }).then((found) => (stored = found))
    await this.time.until(() => stored !== undefined, 1_000)
    return { out, late, letters, stored: stored ?? [] }
  }

  #log(name: string): Logger {
    const say = (fields: object, text: string): void => {
      const { task } = fields as { task?: string }
      this.history.note(name, task === undefined ? text : `${task}: ${text}`)
    }
    const error = (fields: object, text: string): void => {
      say(fields, text)
      this.#part.saidError?.(fields)
    }
    const logger: Logger = { debug: say, info: say, warn: say, error, child: () => logger }
    return logger
  }
}
