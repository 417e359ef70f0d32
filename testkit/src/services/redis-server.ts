import { rmSync } from 'node:fs'
import type { Endpoint } from '../endpoint.ts'
import { loopback } from '../free-port.ts'
import { until } from '../until.ts'
import { askRedis } from './ask-redis.ts'
import { type EndingSignal, ServerProcess, type ServerProcessOptions } from './server-process.ts'

/** A Redis to be. */
export interface RedisServerOptions extends ServerProcessOptions {
  readonly port: number
}

/** A Redis of our own, a sentinel included, to do with as a test likes. */
export class RedisServer implements Endpoint, AsyncDisposable {
  readonly host: string = loopback
  readonly port: number
  /** Where its data is, its `redis.conf`, and its log in `server.log`. */
  readonly dir: string
  readonly #process: ServerProcess
  readonly #temporary: boolean

  constructor({ port, ...options }: RedisServerOptions) {
    this.port = port
    this.dir = options.folder
    this.#temporary = options.temporary
    this.#process = new ServerProcess(options)
  }

  get url(): string {
    return `redis://${this.host}:${this.port}`
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#process.pid
  }

  /** What it has printed. */
  get log(): string {
    return this.#process.log
  }

  /** Starts it; resolves when it has its data and answers. */
  async start(): Promise<void> {
    this.#process.start()
    await until(() => this.#answers(), { what: `an answer from ${this.url}` })
  }

  /** Another server may have got the port first, and would answer as well. */
  async #answers(): Promise<boolean> {
    const reply = await askRedis(this, 'PING', 'INFO server').catch(() => '')
    const { pid } = this
    if (pid === undefined) throw new Error(`${this.url} ended:\n${this.log.split('\n').slice(-10).join('\n')}`)
    return reply.startsWith('+PONG') && reply.includes(`process_id:${pid}\r\n`)
  }

  /**
   * Ends it and keeps its data; resolves when it is gone. SIGKILL loses nothing it has acknowledged with
   * `appendFsync: 'always'`; with 'everysec' it may, while a write to the disk is slow.
   */
  kill(signal: EndingSignal = 'SIGKILL'): Promise<void> {
    return this.#process.kill(signal)
  }

  /** Starts it again on the same port with the data it has; one that runs is ended in good order before. */
  async restart(): Promise<void> {
    await this.#process.end()
    await this.start()
  }

  /** Stops it in its tracks: connections stay, new ones are taken by the system, nothing is answered. */
  freeze(): void {
    this.#process.signal('SIGSTOP')
  }

  /** Lets it go on from where it was frozen. */
  thaw(): void {
    this.#process.signal('SIGCONT')
  }

  /** Ends it for good, and removes its folder unless that was yours. */
  async stop(): Promise<void> {
    await (this.#temporary ? this.kill() : this.#process.end())
    this.#process.release()
    if (this.#temporary) rmSync(this.dir, { recursive: true, force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}
