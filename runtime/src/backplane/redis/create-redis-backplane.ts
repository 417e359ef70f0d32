import type { ClusterBackplane } from '@millrace/core'
import { redisStateStore } from '../../state-store/redis-state-store.ts'
import { chooseDurability } from './choose-durability.ts'
import { Connection } from './connection.ts'
import { Keys } from './keys.ts'
import { luaScripts } from './lua-scripts.ts'
import { describeAddress, redisAddress } from './redis-address.ts'
import { RedisBackplane } from './redis-backplane.ts'
import { makeClient } from './redis-client.ts'
import { type RedisBackplaneOptions, resolveRedisOptions } from './redis-options.ts'
import type { RedisPort } from './redis-port.ts'
import { checkEviction, type ServerFacts, serverFacts } from './server-facts.ts'

/**
 * The backplane that workers of one job share: Redis 7.0 or later, or Valkey; alone, with Sentinel, or a Cluster. Nothing is
 * connected before the first call. What a failover of it loses is one step back for the whole job: all leases become void, and
 * tasks go on from the records that are there.
 *
 * @example
 * await run(pageViews, { state: redisBackplane({ url: 'redis://localhost:6379', job: 'page-views' }) })
 */
export function redisBackplane(options: RedisBackplaneOptions): ClusterBackplane {
  const { job, durability, commandTimeoutMs, durableWithinMs, gcGraceMs, log, world } = resolveRedisOptions(options)
  const address = options.url === undefined ? undefined : redisAddress(options)
  const where = address === undefined ? 'redis' : describeAddress(address)
  const connect = (timeoutMs: number): Connection =>
    new Connection({ client: makeClient(options, address, timeoutMs), where, world, patienceMs: commandTimeoutMs })
  const keys = new Keys(job)
  const main = new CheckedPort(connect(commandTimeoutMs), keys.prefix, where)
  // waits would hold up all that comes behind them on the same connection
  const waiting = connect(commandTimeoutMs + durableWithinMs)
  const port: RedisPort = {
    run: (...call) => main.run(...call),
    runAndWait: (...call) => waiting.runAndWait(...call),
    close: async () => void (await Promise.all([main.close(), waiting.close()])),
  }
  const chosen = chooseDurability(durability, durableWithinMs, () => main.facts(), log)
  const scripts = luaScripts(port, keys, chosen)
  const store = options.stateStore ?? redisStateStore({ port, keys, world, where })
  return new RedisBackplane({ scripts, store, world, where, gcGraceMs })
}

/** A connection whose server is looked at once, before anything else is asked of it. */
class CheckedPort implements Pick<RedisPort, 'run' | 'close'> {
  readonly #port: RedisPort
  readonly #prefix: string
  readonly #where: string
  #facts: Promise<ServerFacts> | undefined

  constructor(port: RedisPort, prefix: string, where: string) {
    this.#port = port
    this.#prefix = prefix
    this.#where = where
  }

  readonly run: RedisPort['run'] = async (...call) => {
    await this.facts()
    return this.#port.run(...call)
  }

  async facts(): Promise<ServerFacts> {
    this.#facts ??= this.#check()
    try {
      return await this.#facts
    } catch (error) {
      this.#facts = undefined
      throw error
    }
  }

  close(): Promise<void> {
    return this.#port.close()
  }

  async #check(): Promise<ServerFacts> {
    const facts = await serverFacts(this.#port, this.#prefix)
    checkEviction(facts, this.#where)
    return facts
  }
}
