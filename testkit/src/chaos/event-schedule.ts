import { setTimeout as pause } from 'node:timers/promises'
import { type Random, seeded } from '../../random.ts'
import type { ChaosRedis } from './chaos-redis.ts'
import type { Crew } from './crew.ts'
import { between } from './events/between.ts'
import { networkEvents } from './events/network-events.ts'
import { processEvents } from './events/process-events.ts'
import type { RedisEvent } from './events/redis-event.ts'
import type { WorkerEvent } from './events/worker-event.ts'

/** What is played, and how much of it. */
export interface ScheduleOptions {
  readonly events: number
  readonly seed: number
  readonly leaseMs: number
  readonly crew: Crew
  readonly redis: ChaosRedis
  /** Told of each event as it begins. */
  readonly began: (event: PlayedEvent) => void
}

/** An event that was played. */
export interface PlayedEvent {
  readonly number: number
  readonly name: string
  /** What it happened to: a process, or `redis`. */
  readonly target: string
}

type AnyEvent =
  | { readonly of: 'worker'; readonly event: WorkerEvent }
  | { readonly of: 'redis'; readonly event: RedisEvent }

// some begin while others are still there
const [leastGapMs, mostGapMs] = [200, 1_600]

/** Plays events at random, those of Redis one at a time; resolves when the last of them is over. */
export async function playEvents(options: ScheduleOptions): Promise<void> {
  const schedule = new EventSchedule(options)
  for (let number = 1; number <= options.events; number++) await schedule.begin(number)
  await schedule.over()
}

class EventSchedule {
  readonly #options: ScheduleOptions
  readonly #events: readonly AnyEvent[]
  readonly #playing = new Set<Promise<void>>()
  readonly #failed: Promise<never>
  #fail: (error: unknown) => void = () => {}
  #redis: Promise<void> = Promise.resolve()

  constructor(options: ScheduleOptions) {
    this.#options = options
    this.#events = [
      ...[...processEvents, ...networkEvents].map((event) => ({ of: 'worker', event }) as const),
      ...options.redis.events.map((event) => ({ of: 'redis', event }) as const),
    ]
    this.#failed = new Promise((_, reject) => (this.#fail = reject))
    this.#failed.catch(() => undefined)
  }

  /** Resolves when it has begun. */
  async begin(number: number): Promise<void> {
    const random = seeded(this.#options.seed * 100_003 + number)
    const picked = pick(this.#events, random)
    await pause(between(random, leastGapMs, mostGapMs))
    const begun =
      picked.of === 'redis' ? this.#onRedis(number, picked.event, random) : this.#onWorker(number, picked.event, random)
    await Promise.race([begun, this.#failed])
  }

  /** Resolves when all that has begun is over; rejects when something could not be played. */
  async over(): Promise<void> {
    await Promise.race([Promise.all(this.#playing), this.#failed])
  }

  async #onRedis(number: number, event: RedisEvent, random: Random): Promise<void> {
    await this.#redis
    this.#options.began({ number, name: event.name, target: 'redis' })
    this.#redis = this.#follow(event.play(random))
  }

  async #onWorker(number: number, event: WorkerEvent, random: Random): Promise<void> {
    const { crew, leaseMs, began } = this.#options
    const member = await crew.takeOne(random)
    began({ number, name: event.name, target: member.processName })
    void this.#follow(event.play(member, random, leaseMs).finally(() => (member.isBusy = false)))
  }

  #follow(played: Promise<void>): Promise<void> {
    const over = played.catch(this.#fail).finally(() => this.#playing.delete(over))
    this.#playing.add(over)
    return over
  }
}

function pick(events: readonly AnyEvent[], random: Random): AnyEvent {
  const total = events.reduce((sum, { event }) => sum + event.weight, 0)
  let left = random() * total
  for (const each of events) if ((left -= each.event.weight) < 0) return each
  return events[0] as AnyEvent
}
