import type { History } from './history.ts'
import { LeaseWatch, type Moment } from './lease-watch.ts'
import type { SimClock } from './sim-clock.ts'
import type { SimRedis } from './sim-redis.ts'

/** What a {@link ScriptWatch} watches, and whom it tells. */
export interface ScriptWatchOptions {
  readonly time: SimClock
  readonly history: History
  readonly redis: SimRedis
  readonly leaseMs: number
  readonly problems: string[]
}

/** Notes what Redis was asked, and that no tenure is given twice and no lease before its time. */
export class ScriptWatch {
  readonly leases: LeaseWatch = new LeaseWatch()
  readonly #options: ScriptWatchOptions
  readonly #tenures = new Map<string, string>()

  constructor(options: ScriptWatchOptions) {
    this.#options = options
  }

  /** The same scripts, watched on the server that a client talks to. */
  watch(scripts: SimRedis['scripts'], client: string): SimRedis['scripts'] {
    const { time, history, redis, leaseMs, problems } = this.#options
    const { leases } = this
    const moment = (): Moment => ({ at: time.now, server: redis.serverOf(client), era: redis.era, leaseMs })
    const watched: Partial<SimRedis['scripts']> = {
      claim: async (request) => {
        const claimed = await scripts.claim(request)
        for (const { lease } of claimed) {
          this.#given(lease, `${request.session} ${request.number}`)
          problems.push(...leases.granted(lease, moment()))
        }
        return claimed
      },
      heartbeat: async (request) => {
        const reply = await scripts.heartbeat(request)
        request.leases.forEach((lease, i) => reply.held[i] === true && leases.renewed(lease, moment()))
        return reply
      },
      release: async (request) => {
        await scripts.release(request)
        history.note(request.lease.owner, `release ${request.lease.task} (epoch ${request.lease.epoch})`)
        leases.released(request.lease, moment())
      },
      writeCheckpoint: async (request) => {
        const at = moment()
        const reply = await scripts.writeCheckpoint(request)
        const { task, owner, epoch } = request.lease
        history.note(owner, `checkpoint ${task} ${request.seq} (epoch ${epoch}): ${reply.type}`)
        if (request.ended !== undefined) leases.released(request.lease, at)
        if (reply.type === 'written') problems.push(...redis.misread(client, request.consumed))
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
    if (before !== undefined && before !== claim) this.#options.problems.push(`two tenures are equal: ${tenure}`)
    this.#tenures.set(tenure, claim)
  }
}
