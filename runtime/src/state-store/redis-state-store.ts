import { createHash } from 'node:crypto'
import { type StateBlob, type StateStore } from '@millrace/core'
import type { Keys } from '../backplane/redis/keys.ts'
import { luaScript } from '../backplane/redis/lua-script.ts'
import type { RedisPort, Reply } from '../backplane/redis/redis-port.ts'
import { bytesOf, listOf, numberOf, rowsOf, textOf } from '../backplane/redis/reply-reader.ts'
import type { World } from '../world.ts'
import { damagedState } from './damaged-state.ts'

const chunkBytes = 512 * 1024

/** What {@link redisStateStore} stands on. */
export interface RedisStateStoreOptions {
  readonly port: Pick<RedisPort, 'run'>
  readonly keys: Keys
  readonly world: Pick<World, 'giveWay'>
  /** Which Redis, for errors: no password in it. */
  readonly where: string
}

/** Keeps state beside the checkpoints in the same Redis, in chunks: for state that fits into its memory several times. */
export const redisStateStore = (options: RedisStateStoreOptions): StateStore => new RedisStateStore(options)

class RedisStateStore implements StateStore {
  readonly kind = 'redis'
  readonly #options: RedisStateStoreOptions

  constructor(options: RedisStateStoreOptions) {
    this.#options = options
  }

  async write(task: string, { id }: StateBlob, bytes: Uint8Array): Promise<void> {
    const chunks = Math.max(1, Math.ceil(bytes.length / chunkBytes))
    for (let n = 0; n < chunks; n++) {
      if (n > 0) await this.#options.world.giveWay()
      const chunk = bytes.subarray(n * chunkBytes, (n + 1) * chunkBytes)
      await this.#run('write-state', task, id, String(n), chunk)
    }
  }

  async read(task: string, blob: StateBlob): Promise<Uint8Array> {
    const bytes = new Uint8Array(blob.bytes)
    const hash = createHash('sha256')
    let at = 0
    for (let n = 0; n === 0 || at < bytes.length; n++) {
      const reply = await this.#run('read-state', task, blob.id, String(n))
      if (reply === null)
        throw this.#damaged(task, blob, n === 0 ? 'it is missing' : `it ends before ${blob.bytes} bytes`)
      const chunk = bytesOf(reply)
      if (at + chunk.length > bytes.length) throw this.#damaged(task, blob, `it is longer than ${blob.bytes} bytes`)
      if (chunk.length === 0 && bytes.length > 0) throw this.#damaged(task, blob, `it ends before ${blob.bytes} bytes`)
      bytes.set(chunk, at)
      hash.update(chunk)
      at += chunk.length
    }
    if (hash.digest('hex') !== blob.hash) throw this.#damaged(task, blob, 'its SHA-256 differs')
    return bytes
  }

  async list(task: string): Promise<{ readonly id: string; readonly ageMs: number }[]> {
    const rows = rowsOf(listOf(await this.#run('list-states', task)), 2)
    return rows.map(([id, age]) => ({ id: textOf(id), ageMs: numberOf(age) }))
  }

  async remove(task: string, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#run('remove-states', task, ...ids)
  }

  /** The connection belongs to the backplane. */
  async close(): Promise<void> {}

  #run(name: string, ...args: readonly (string | Uint8Array)[]): Promise<Reply> {
    return this.#options.port.run(luaScript(name), this.#options.keys.prefix, args)
  }

  #damaged(task: string, blob: StateBlob, what: string): Error {
    return damagedState(this.#options.where, task, blob, what)
  }
}
