import { MillraceError } from '@millrace/core'
import type { World } from '../../world.ts'
import type { LuaScript } from './lua-script.ts'
import type { RedisClient } from './redis-client.ts'
import { redisError } from './redis-error.ts'
import type { Argument, Copies, RedisPort, Reply } from './redis-port.ts'

/** What a {@link Connection} is made of. */
export interface ConnectionOptions {
  readonly client: RedisClient
  /** Which Redis, for errors: no password in it. */
  readonly where: string
  readonly world: Pick<World, 'timer'>
  /** How long a call waits for the connection to come back. */
  readonly patienceMs: number
}

/** One connection to a Redis, or one to each server of a cluster: connects at the first call, and again as often as needed. */
export class Connection implements RedisPort {
  readonly #options: ConnectionOptions
  #lastError: unknown
  #isClosed = false
  #coming: Promise<boolean> | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
    options.client.on('error', (error: unknown) => {
      this.#lastError = error
    })
    options.client.on('ready', () => {
      this.#lastError = undefined
    })
  }

  async run(script: LuaScript, prefix: string, args: readonly Argument[]): Promise<Reply> {
    await this.#ready()
    return this.#guard(async () => {
      const rest = args.map(bufferOf)
      try {
        return (await this.#options.client.callBuffer('EVALSHA', script.sha, '1', prefix, ...rest)) as Reply
      } catch (error) {
        if (!isUnknownScript(error)) throw error
        return (await this.#options.client.callBuffer('EVAL', script.source, '1', prefix, ...rest)) as Reply
      }
    })
  }

  async runAndWait(
    script: LuaScript,
    prefix: string,
    args: readonly Argument[],
    copies: Copies,
  ): Promise<{ readonly reply: Reply; readonly isReached: boolean }> {
    const wait = waitFor(copies)
    if (wait === undefined) return { reply: await this.run(script, prefix, args), isReached: true }
    await this.#ready()
    return this.#guard(async () => {
      const rest = ['1', prefix, ...args.map(bufferOf)]
      try {
        return await this.#waiting(['EVALSHA', script.sha, ...rest], wait, copies)
      } catch (error) {
        if (!isUnknownScript(error)) throw error
        return this.#waiting(['EVAL', script.source, ...rest], wait, copies)
      }
    })
  }

  /** One pipeline goes to one server, over one connection. */
  async #waiting(
    [command, ...args]: readonly [string, ...(string | Buffer)[]],
    wait: readonly [string, ...string[]],
    copies: Copies,
  ): Promise<{ readonly reply: Reply; readonly isReached: boolean }> {
    const pipeline = this.#options.client.pipeline()
    pipeline.callBuffer(command, ...args)
    pipeline.call(...wait)
    const [[failure, reply] = [], [waitFailure, reached] = []] = (await pipeline.exec()) ?? []
    const error = failure ?? waitFailure
    if (error) throw error
    return { reply: reply as Reply, isReached: hasReached(copies, reached) }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#options.client.disconnect()
  }

  /** Resolves when there is a connection; waits for one that is on its way. */
  async #ready(): Promise<void> {
    const { client, where, patienceMs } = this.#options
    if (this.#isClosed) throw new MillraceError('BACKPLANE', `${where}: it is closed`)
    if (client.status === 'ready') return
    // the events say what came of it
    if (client.status === 'wait') client.connect().catch(() => undefined)
    if (!(await this.#becomesReady(patienceMs)))
      throw redisError(this.#lastError ?? new Error(`no connection within ${patienceMs} ms`), where)
  }

  /** All calls that wait do so together. */
  #becomesReady(ms: number): Promise<boolean> {
    this.#coming ??= this.#nextReady(ms).finally(() => {
      this.#coming = undefined
    })
    return this.#coming
  }

  #nextReady(ms: number): Promise<boolean> {
    const { client, world } = this.#options
    return new Promise((resolve) => {
      const settle = (isReady: boolean): void => {
        cancel()
        client.off('ready', ready)
        client.off('end', ended)
        resolve(isReady)
      }
      const ready = (): void => settle(true)
      const ended = (): void => settle(false)
      const cancel = world.timer(ms, ended)
      client.on('ready', ready)
      client.on('end', ended)
    })
  }

  async #guard<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      throw redisError(error, this.#options.where)
    }
  }
}

const isUnknownScript = (error: unknown): boolean => error instanceof Error && error.message.startsWith('NOSCRIPT')

/** Bytes as they are, without a copy. */
const bufferOf = (argument: Argument): string | Buffer =>
  typeof argument === 'string' ? argument : Buffer.from(argument.buffer, argument.byteOffset, argument.length)

function waitFor({ isOnDisk, replicas, timeoutMs }: Copies): [string, ...string[]] | undefined {
  if (isOnDisk) return ['WAITAOF', '1', String(replicas), String(timeoutMs)]
  return replicas > 0 ? ['WAIT', String(replicas), String(timeoutMs)] : undefined
}

/** The answer is how many there are, whether that is enough or not. */
function hasReached({ isOnDisk, replicas }: Copies, reached: unknown): boolean {
  if (!isOnDisk) return Number(reached) >= replicas
  const [disk, others] = reached as readonly unknown[]
  return Number(disk) >= 1 && Number(others) >= replicas
}
