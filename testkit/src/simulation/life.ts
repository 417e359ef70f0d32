import { isMillraceError, type Sink, type Source } from '@millrace/core'
import type { Job, Logger } from '@millrace/runtime'
import { MemoryStateStore, RedisBackplane, startIn } from '@millrace/runtime/testing'
import { Chance } from './chance.ts'
import type { Defect } from './defects.ts'
import { History } from './history.ts'
import { LeaseWatch, type Moment } from './lease-watch.ts'
import { differences, expectedOutput, type Output } from './oracle.ts'
import { type Ends, type Profile, profiles } from './profiles.ts'
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
  readonly profile: string
  /** Nothing, when all was as it must be. */
  readonly problems: readonly string[]
  readonly history: readonly string[]
}

/** Longer than any life should take once nothing fails any more: then it does not go on. */
const patienceMs = 400_000

interface Member {
  readonly process: SimProcess
  readonly job: Job
  ended: boolean
}

/** One life of a cluster: workers, Redis, sources and destinations in one process, and what goes wrong with them. */
export class Life {
  readonly redis: SimRedis
  readonly destinations: readonly SimDestination[]
  readonly #seed: number
  readonly #chance: Chance
  readonly #time = new SimClock()
  readonly #history: History
  readonly #network: SimNetwork
  readonly #profile: Profile
  readonly #streams: readonly SimStream[]
  readonly #store: MemoryStateStore
  readonly #defect: Defect | undefined
  readonly #problems: string[] = []
  readonly #tenures = new Map<string, string>()
  readonly #leaseMs: number
  readonly #checkpointMs: number
  readonly #leases = new LeaseWatch()
  readonly #partitions: number
  readonly #exchangeBytes: number
  readonly #spanMs: number
  #members: Member[] = []
  #names = 0
  #nonces = 0

  constructor(seed: number, defect?: Defect) {
    this.#seed = seed
    this.#defect = defect
    const chance = (this.#chance = new Chance(seed))
    this.#history = new History(this.#time)
    const [first = profiles[0] as Profile] = profiles.filter(({ name }) => name === defect?.profile)
    this.#profile = defect?.profile === undefined ? chance.pick(profiles) : first
    this.#leaseMs = chance.pick([1_000, 2_000, 5_000])
    this.#checkpointMs = chance.pick([100, 400])
    this.#partitions = chance.whole(1, 3)
    this.#exchangeBytes = chance.pick([1, 2_000, 1_000_000])
    this.#spanMs = chance.between(8_000, 20_000)
    this.redis = new SimRedis('sim', this.#time, chance, this.#history)
    this.#network = new SimNetwork(this.#time, chance, this.#history)
    this.#store = new MemoryStateStore(new SimProcess('store', this.#time, chance, () => ''))
    this.#streams = Array.from({ length: this.#profile.streams }, (_, i) => this.#stream(`s${i}`))
    this.destinations = ['out', 'late', 'letters'].map((name) => new SimDestination(name, chance, this.#history))
    defect?.prepare?.(this)
  }

  /** Lives it, and judges. */
  async live(): Promise<Verdict> {
    const uninstall = this.#defect?.install?.()
    try {
      const expected = await expectedOutput(this.#profile, this.#streams)
      await this.#play()
      if (this.#problems.length === 0) this.#problems.push(...differences(expected, await this.#output()))
    } finally {
      uninstall?.()
    }
    this.#problems.push(...this.destinations.flatMap(({ problems }) => problems))
    const { name } = this.#profile
    return { seed: this.#seed, profile: name, problems: this.#problems, history: this.#history.lines }
  }

  async #play(): Promise<void> {
    const workers = this.#chance.whole(1, 4)
    for (let i = 0; i < workers; i++) this.#join()
    this.#makeTrouble()
    const faultsEnd = this.#time.now + this.#spanMs * this.#chance.between(1, 1.6)
    while (this.#time.now < faultsEnd && this.#problems.length === 0) {
      await this.#time.until(() => false, this.#chance.between(200, 3_000))
      this.#event()
    }
    this.#heal()
    const isOver = (): boolean => this.#problems.length > 0 || this.#members.every(({ ended }) => ended)
    if (!(await this.#time.until(isOver, patienceMs))) this.#problems.push(`no progress: ${this.#unfinished()}`)
  }

  #unfinished(): string {
    const left = this.#living().map(({ process: { name }, job }) => `${name} is ${job.progress().state}`)
    return `the job did not finish: ${left.join(', ')}`
  }

  #makeTrouble(): void {
    const chance = this.#chance
    const often = chance.pick([0, 0.01, 0.04])
    Object.assign(this.#network.faults, { lostRequest: often, lostReply: often, doubled: often, lateMs: 20_000 })
    for (const { readFailures } of this.#streams) readFailures.probability = chance.pick([0, 0.02])
    for (const { faults } of this.destinations)
      Object.assign(faults, {
        failure: chance.pick([0, 0.05]),
        retry: chance.pick([0, 0.1]),
        slowMs: chance.pick([5, 400]),
      })
  }

  #heal(): void {
    this.#history.note('-', 'nothing fails from here on')
    Object.assign(this.#network.faults, { lostRequest: 0, lostReply: 0, doubled: 0 })
    this.#network.cutOff.clear()
    this.redis.jump(0)
    for (const { readFailures } of this.#streams) readFailures.probability = 0
    for (const { faults } of this.destinations) Object.assign(faults, { failure: 0, retry: 0, slowMs: 5 })
    for (const { process } of this.#members) process.resume()
    // one that is not on its way out: it sees the job to its end
    this.#join()
  }

  #event(): void {
    const chance = this.#chance
    const living = this.#living()
    if (living.length === 0) return this.#join()
    const member = chance.pick(living)
    const { process, job } = member
    const kind = chance.next()
    if (kind < 0.25) this.#kill(member)
    else if (kind < 0.4) this.#pause(process, chance.between(0.3, 3) * this.#leaseMs)
    else if (kind < 0.5) {
      this.#history.note(process.name, 'stop')
      void job.stop().catch(() => undefined)
      this.#join()
    } else if (kind < 0.6) {
      if (living.length < 5) this.#join()
    } else if (kind < 0.7) this.redis.failover()
    else if (kind < 0.75) this.redis.restart()
    else if (kind < 0.85) this.#cut(process, chance.between(0.3, 3) * this.#leaseMs)
    else if (kind < 0.92) {
      process.skewMs = chance.between(-3_600_000, 3_600_000)
      this.#history.note(process.name, `its clock jumps by ${Math.round(process.skewMs)} ms`)
    } else this.redis.jump(chance.between(-3_600_000, 3_600_000))
  }

  #kill(member: Member): void {
    this.#history.note(member.process.name, 'killed')
    member.process.kill()
    member.ended = true
    this.#time.after(this.#chance.between(0, 2_000), () => this.#join())
  }

  #pause(process: SimProcess, ms: number): void {
    this.#history.note(process.name, `frozen for ${Math.round(ms)} ms`)
    process.pause()
    this.#time.after(ms, () => {
      this.#history.note(process.name, 'thawed')
      process.resume()
    })
  }

  #cut(process: SimProcess, ms: number): void {
    this.#history.note(process.name, `cut off for ${Math.round(ms)} ms`)
    this.#network.cutOff.add(process.name)
    this.#time.after(ms, () => this.#network.cutOff.delete(process.name))
  }

  #living(): Member[] {
    return this.#members.filter(({ ended }) => !ended)
  }

  #join(): void {
    const name = `w${++this.#names}`
    const process = new SimProcess(
      name,
      this.#time,
      this.#chance,
      () => this.#defect?.nonce?.() ?? `n${++this.#nonces}`,
    )
    const job = startIn(process, this.#profile.topology(this.#ends(process)), {
      state: this.#connect(process),
      cluster: { worker: name, partitions: this.#partitions, exchangeBytes: this.#exchangeBytes },
      leaseMs: this.#leaseMs,
      checkpointEvery: this.#checkpointMs,
      env: {},
      log: this.#log(name),
    })
    const member: Member = { process, job, ended: false }
    this.#members.push(member)
    this.#history.note(name, 'starts')
    job.finished.then(
      ({ ending }) => this.#ended(member, ending),
      (error: unknown) => this.#failed(member, error),
    )
  }

  #ended(member: Member, ending: string): void {
    this.#history.note(member.process.name, `ends: ${ending}`)
    member.ended = true
  }

  #failed(member: Member, error: unknown): void {
    if (member.process.isDead) return
    const text = error instanceof Error ? error.message : String(error)
    this.#history.note(member.process.name, `fails: ${text}`)
    member.ended = true
    // a failover forgot that the job had begun: whoever watches the process starts it again
    if (isMillraceError(error, 'FENCED')) this.#join()
    else this.#problems.push(`${member.process.name} has failed: ${text}`)
  }

  #connect(process: SimProcess): RedisBackplane {
    const changed = this.#defect?.scripts?.(this.redis.scripts, this, process) ?? this.redis.scripts
    const scripts = this.#network.connect(process, this.#watched(changed))
    const store = connectStore(this.#store, process, this.#chance, this.#defect?.blobId ?? ((id) => id))
    const { gcGraceMs = 60_000 } = this.#defect ?? {}
    return new RedisBackplane({ scripts, store, world: process, where: 'redis', gcGraceMs })
  }

  /** Notes what Redis was asked, and that no tenure is given twice and no lease before its time. */
  #watched(scripts: SimRedis['scripts']): SimRedis['scripts'] {
    const moment = (): Moment => ({ at: this.#time.now, era: this.redis.era, leaseMs: this.#leaseMs })
    const watched: Partial<SimRedis['scripts']> = {
      claim: async (request) => {
        const claimed = await scripts.claim(request)
        for (const { lease } of claimed) {
          this.#given(lease, `${request.session} ${request.number}`)
          this.#problems.push(...this.#leases.granted(lease, moment()))
        }
        return claimed
      },
      heartbeat: async (request) => {
        const reply = await scripts.heartbeat(request)
        request.leases.forEach((lease, i) => reply.held[i] === true && this.#leases.renewed(lease, moment()))
        return reply
      },
      release: async (request) => {
        await scripts.release(request)
        this.#history.note(request.lease.owner, `release ${request.lease.task} (epoch ${request.lease.epoch})`)
        this.#leases.released(request.lease)
      },
      writeCheckpoint: async (request) => {
        const reply = await scripts.writeCheckpoint(request)
        const { task, owner, epoch } = request.lease
        this.#history.note(owner, `checkpoint ${task} ${request.seq} (epoch ${epoch}): ${reply.type}`)
        if (request.ended !== undefined) this.#leases.released(request.lease)
        return reply
      },
    }
    return new Proxy(scripts, {
      get: (target, name) => (Reflect.get(watched, name) ?? Reflect.get(target, name)) as unknown,
    })
  }

  #given(
    { task, run, epoch, nonce }: { task: string; run: string; epoch: number; nonce: string },
    claim: string,
  ): void {
    const tenure = `${task} ${run} ${epoch} ${nonce}`
    const before = this.#tenures.get(tenure)
    if (before !== undefined && before !== claim) this.#problems.push(`two tenures are equal: ${tenure}`)
    this.#tenures.set(tenure, claim)
  }

  #ends(process: SimProcess): Ends {
    const [out, late, letters] = this.destinations.map((destination) => destination.sink(process))
    const sources = this.#streams.map((stream): Source<SimRecord> => {
      const source = stream.source(process)
      const latest = (partition: string): string => stream.latest(partition, this.#time.now)
      return this.#defect?.source?.(source, latest) ?? source
    })
    return { sources, out: out as Sink<unknown>, late: late as Sink<unknown>, letters: letters as Sink<unknown> }
  }

  #stream(name: string): SimStream {
    const chance = this.#chance
    return new SimStream({
      name,
      chance,
      partitions: chance.whole(1, 3),
      records: chance.whole(60, 250),
      spanMs: this.#spanMs,
      reshards: chance.is(0.6),
      lateMs: chance.pick([0, 2_000, 30_000]),
      disorderMs: this.#profile.late ? 6_000 : 1_900,
      keys: chance.whole(2, 9),
      from: 10_000,
    })
  }

  async #output(): Promise<Output> {
    const [out = [], late = [], letters = []] = this.destinations.map(({ visible }) => visible)
    const looker = new SimProcess('looker', this.#time, this.#chance, () => 'looker')
    let stored: Output['stored'] | undefined
    const store = connectStore(this.#store, looker, this.#chance, (id) => id)
    const ports = { scripts: this.redis.scripts, store, world: looker, where: 'redis', gcGraceMs: 0 }
    void new RedisBackplane(ports).deadLetters({ limit: 10_000 }).then((found) => (stored = found))
    await this.#time.until(() => stored !== undefined, 1_000)
    return { out, late, letters, stored: stored ?? [] }
  }

  #log(name: string): Logger {
    const say = (fields: object, text: string): void => {
      const { task } = fields as { task?: string }
      this.#history.note(name, task === undefined ? text : `${task}: ${text}`)
    }
    const logger: Logger = { debug: say, info: say, warn: say, error: say, child: () => logger }
    return logger
  }
}
