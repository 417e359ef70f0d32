import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { redisBackplane } from '@millrace/runtime'
import { startRedis } from '@millrace/testkit'
import type { Committed } from './paced.ts'

/** What a member of the crew has committed, as its parent was told. */
interface Told extends Committed {
  readonly worker: string
}

/** Workers of `pacedCount` in processes of their own, over a Redis of their own. */
export class PacedCrew implements AsyncDisposable {
  readonly told: Told[] = []
  readonly #redis: Awaited<ReturnType<typeof startRedis>>
  readonly #leaseMs: number
  readonly #members = new Map<string, ChildProcess>()

  private constructor(redis: Awaited<ReturnType<typeof startRedis>>, leaseMs: number) {
    this.#redis = redis
    this.#leaseMs = leaseMs
  }

  static async start(leaseMs: number): Promise<PacedCrew> {
    return new PacedCrew(await startRedis(), leaseMs)
  }

  join(worker: string): void {
    const args = [this.#redis.url, 'paced', worker, String(this.#leaseMs)]
    const child = fork(join(import.meta.dirname, 'paced-member.ts'), args, { execArgv: process.execArgv })
    child.on('message', (message) => this.told.push({ ...(message as Committed), worker }))
    this.#members.set(worker, child)
  }

  /** @returns when it was killed, in ms since 1970 */
  async kill(worker: string): Promise<number> {
    const child = this.#members.get(worker)
    child?.kill('SIGKILL')
    const at = Date.now()
    if (child) await once(child, 'exit')
    this.#members.delete(worker)
    return at
  }

  /** Resolves when every worker holds tasks, and output comes. */
  async untilShared(): Promise<void> {
    const backplane = redisBackplane({ url: this.#redis.url, job: 'paced', durability: 'none' })
    for (let isShared = false; !isShared;) {
      await sleep(100)
      const { workers, tasks } = await backplane.status()
      const owners = new Set(tasks.map(({ owner }) => owner))
      isShared = workers.length === this.#members.size && workers.every(({ worker }) => owners.has(worker))
      isShared &&= tasks.length > 8 && !owners.has(undefined)
    }
    await backplane.close()
    await sleep(1_000)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#members.values()) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    await this.#redis.stop()
  }
}
