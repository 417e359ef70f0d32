import type { Endpoint } from '../endpoint.ts'
import { until } from '../until.ts'
import { askRedis } from './ask-redis.ts'
import { launchRedis, type RedisFlavour } from './launch-redis.ts'
import { isPrimary, isReplicaOf, type RedisReplication } from './redis-replication.ts'
import type { RedisServer } from './redis-server.ts'
import { startTogether, stopTogether } from './start-together.ts'

/** The sentinels that {@link startSentinels} starts. */
export interface SentinelsOptions {
  /** @default 3 */
  readonly count?: number
  /** What they call the primary. @default 'millrace' */
  readonly name?: string
  /** How long the primary may be silent. @default 1_000 */
  readonly downAfterMs?: number
  /** @default 'redis' */
  readonly flavour?: RedisFlavour
}

// a second failover waits for twice this after the first
const failoverTimeoutMs = 3_000

// They would look at replicas every 10 s only, and make one of an old primary after two looks.
const eager = 'SENTINEL DEBUG INFO-PERIOD 500 PUBLISH-PERIOD 250'

/** Starts sentinels that watch a primary and its replica; resolves when they know everything and one another. */
export async function startSentinels(
  { primary, replica }: Pick<RedisReplication, 'primary' | 'replica'>,
  { count = 3, name = 'millrace', downAfterMs = 1_000, flavour = 'redis' }: SentinelsOptions = {},
): Promise<RedisSentinels> {
  const config = [
    `sentinel monitor ${name} ${primary.host} ${primary.port} ${Math.floor(count / 2) + 1}`,
    `sentinel down-after-milliseconds ${name} ${downAfterMs}`,
    `sentinel failover-timeout ${name} ${failoverTimeoutMs}`,
  ]
  const sentinels = await startTogether(count, () => launchRedis({ flavour, config, args: ['--sentinel'] }))
  await Promise.all(sentinels.map((sentinel) => askRedis(sentinel, eager)))
  const watching = new RedisSentinels(name, sentinels, [primary, replica])
  await watching.settled().catch(async (error: unknown) => {
    await watching.stop()
    throw error
  })
  return watching
}

/** Sentinels, and the servers they watch, which they do not own. */
export class RedisSentinels implements AsyncDisposable {
  /** What they call the primary. */
  readonly name: string
  readonly sentinels: readonly RedisServer[]
  readonly #watched: readonly RedisServer[]

  constructor(name: string, sentinels: readonly RedisServer[], watched: readonly RedisServer[]) {
    this.name = name
    this.sentinels = sentinels
    this.#watched = watched
  }

  /** Where a client finds them. */
  get endpoints(): Endpoint[] {
    return this.sentinels.map(({ host, port }) => ({ host, port }))
  }

  /** The server that all of them call the primary, and which sees itself so; undefined while there is none. */
  async primary(): Promise<RedisServer | undefined> {
    const replies = await Promise.all(this.#ask(`SENTINEL GET-MASTER-ADDR-BY-NAME ${this.name}`))
    const agreed = this.#watched.find(({ port }) => replies.every((reply) => reply.endsWith(`\r\n${port}\r\n`)))
    return agreed && (await isPrimary(agreed)) ? agreed : undefined
  }

  /**
   * Makes the replica the primary: in good order, or because the primary is killed. Resolves with the new one when all
   * sentinels agree on it.
   */
  async failover(by: 'command' | 'kill' = 'command'): Promise<RedisServer> {
    const old = await this.primary()
    if (by === 'kill') await old?.kill()
    else await this.#command(`SENTINEL FAILOVER ${this.name}`)
    return this.successorOf(old)
  }

  /** Resolves with the primary that is not this one, once there is one. */
  async successorOf(old: RedisServer | undefined): Promise<RedisServer> {
    let successor: RedisServer | undefined
    const isThere = async (): Promise<boolean> => {
      successor = await this.primary()
      return successor !== undefined && successor !== old
    }
    await until(isThere, { what: 'a new primary' })
    return successor as RedisServer
  }

  /** Resolves when a primary is agreed on, all other servers copy it, and all sentinels see that: ready for the next failover. */
  settled(): Promise<void> {
    return until(() => this.#isSettled(), { withinMs: 30_000, what: 'agreement of the sentinels' })
  }

  async #isSettled(): Promise<boolean> {
    const primary = await this.primary()
    if (primary === undefined) return false
    const replicas = this.#watched.filter((server) => server !== primary)
    const copies = await Promise.all(replicas.map((replica) => isReplicaOf(replica, primary)))
    const views = await Promise.all(this.#ask(`SENTINEL MASTER ${this.name}`, `SENTINEL REPLICAS ${this.name}`))
    return copies.every(Boolean) && views.every((view) => this.#seesAll(view))
  }

  #seesAll(view: string): boolean {
    const others = field('num-other-sentinels', this.sentinels.length - 1)
    return (
      view.includes(others) &&
      view.includes(field('flags', 'slave')) &&
      view.includes(field('master-link-status', 'ok'))
    )
  }

  #ask(...commands: readonly string[]): Promise<string>[] {
    return this.sentinels.map((sentinel) => askRedis(sentinel, ...commands).catch(() => ''))
  }

  async #command(command: string): Promise<void> {
    const [first] = this.sentinels
    const reply = first ? await askRedis(first, command) : ''
    if (!reply.startsWith('+OK')) throw new Error(`${command}: ${reply}`)
  }

  /** Stops the sentinels. */
  stop(): Promise<void> {
    return stopTogether(this.sentinels)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

/** A field in a reply, as it is on the wire. */
const field = (name: string, value: string | number): string =>
  `\r\n${name}\r\n$${String(value).length}\r\n${value}\r\n`
