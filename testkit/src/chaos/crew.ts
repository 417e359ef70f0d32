import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../../random.ts'
import type { ChaosRedis } from './chaos-redis.ts'
import { Member, type MemberOptions } from './member.ts'

/** How many workers there are, and what they have in common. */
export interface CrewOptions extends Omit<MemberOptions, 'member' | 'proxies' | 'redis'> {
  readonly redis: ChaosRedis
  readonly workers: number
}

const lookEveryMs = 20

/** The workers of a run. */
export class Crew implements AsyncDisposable {
  readonly members: readonly Member[]

  private constructor(members: readonly Member[]) {
    this.members = members
  }

  /** Starts them, each with ways of its own to Redis. */
  static async start({ redis, workers, ...options }: CrewOptions): Promise<Crew> {
    const names = Array.from({ length: workers }, (_, i) => `worker-${i + 1}`)
    const lines = await Promise.all(names.map(() => redis.line()))
    return new Crew(
      lines.map(
        ({ proxies, address }, i) => new Member({ ...options, member: names[i] ?? '', proxies, redis: address }),
      ),
    )
  }

  /** One that is well, at random, and busy from now on; waits while not even another one would be left. */
  async takeOne(random: Random): Promise<Member> {
    for (;;) {
      const well = this.members.filter(({ isWell }) => isWell)
      const member = well[Math.floor(random() * well.length)]
      if (member && well.length > 1) {
        member.isBusy = true
        return member
      }
      await pause(lookEveryMs)
    }
  }

  /** All ways in which a worker has ended that nobody asked for. */
  get failures(): readonly string[] {
    return this.members.flatMap(({ failures }) => failures)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map((member) => member.end()))
    await Promise.all(this.members.flatMap(({ proxies }) => proxies.map((proxy) => proxy.close())))
  }
}
