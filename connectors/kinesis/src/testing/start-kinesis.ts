import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttp2, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { randomUUID } from 'node:crypto'
import type { Clock } from '@millrace/core'
import { type Call, type Fault, Faults, type Injected } from './faults.ts'
import { type KinesisLimits, noLimits, serviceLimits } from './limits.ts'
import { operate } from './operations.ts'
import { ServiceError } from './service-error.ts'
import { decodeIterator } from './shard-iterator.ts'
import type { Put, StoredStream } from './stored-stream.ts'
import { StoredStreams } from './stored-streams.ts'
import { type EventOutput, Subscriptions } from './subscription.ts'

/** Options of {@link startKinesis}. */
export interface KinesisStandInOptions {
  /** @default any that is free */
  readonly port?: number
  /**
   * What retention, iterators, subscriptions and rates are measured by.
   *
   * @default the clock of the machine
   */
  readonly clock?: Clock
  /** @default 'us-east-1' */
  readonly region?: string
  /** Rates of a shard; `true` for those of the service, `false` for none. @default true */
  readonly limits?: boolean | Partial<KinesisLimits>
  /** How long a stream is CREATING, and UPDATING after its shards were changed, in ms of the clock. @default 0 */
  readonly transitionMs?: number
  /** Data that all streams together may hold. @default 1 GiB */
  readonly mostBytes?: number
  /** Decides faults that have a probability. @default Math.random */
  readonly random?: () => number
}

/** A request that was answered, or not. */
export interface ServedCall extends Call {
  /** In ms since 1970. */
  readonly at: number
  /** `ok`, the code of the error, or what fault there was in place of an answer. */
  readonly outcome: string
}

/** A record of a stream, as a test sees it. */
export interface SeenRecord {
  readonly sequenceNumber: string
  readonly partitionKey: string
  readonly data: Buffer
  /** In ms since 1970. */
  readonly arrival: number
}

/** A stream of the stand-in, without the protocol between. */
export interface StreamView {
  readonly arn: string
  /** Of open shards, by hash key. */
  readonly openShards: readonly string[]
  /** All shards that are not forgotten. */
  readonly shards: readonly string[]
  put(partitionKey: string, data: Uint8Array | string, explicitHashKey?: string): Put
  /** What retention has left of a shard, in order. */
  records(shard: string): readonly SeenRecord[]
  /** Splits a shard. @default in the middle */
  split(shard: string, at?: bigint): void
  merge(first: string, second: string): void
  /** To so many shards of equal size, by splits and merges. */
  scale(shards: number): void
  delete(): void
}

/** A running stand-in for Kinesis Data Streams. */
export interface KinesisStandIn extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`: HTTP/1.1, and HTTP/2 for those who begin with it. */
  readonly endpoint: string
  /** What a client needs to talk to it. */
  readonly clientOptions: {
    readonly endpoint: string
    readonly region: string
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  }
  readonly faults: { inject(fault: Fault): Injected; clear(): void }
  /** Every request so far. */
  readonly calls: readonly ServedCall[]
  /** Number of subscriptions that are open. */
  readonly subscriptions: number
  create(name: string, shards: number): StreamView
  stream(name: string): StreamView
  stop(): Promise<void>
}

type Request = IncomingMessage | Http2ServerRequest

const mostCallsKept = 1_000_000
const prefaceOfHttp2 = Buffer.from('PRI ')

/** Starts a server on 127.0.0.1 that speaks the protocol of Kinesis Data Streams. */
export async function startKinesis(options: KinesisStandInOptions = {}): Promise<KinesisStandIn> {
  const server = new Server(options)
  await server.listen(options.port ?? 0)
  return server
}

class Server implements KinesisStandIn {
  readonly faults: Faults
  readonly calls: ServedCall[] = []
  readonly #region: string
  readonly #now: () => number
  readonly #streams: StoredStreams
  readonly #subscriptions: Subscriptions
  readonly #sockets = new Set<Socket>()
  readonly #http1 = createHttp1((request, response) => void this.#serve(request, response))
  readonly #http2 = createHttp2((request, response) => void this.#serve(request, asHttp1(response)))
  readonly #listener = createServer((socket) => this.#accept(socket))

  constructor(options: KinesisStandInOptions) {
    const {
      clock,
      region = 'us-east-1',
      limits = true,
      mostBytes = 2 ** 30,
      random = Math.random,
      transitionMs = 0,
    } = options
    const given = typeof limits === 'object' ? limits : {}
    this.#region = region
    this.#now = () => clock?.now() ?? Date.now()
    this.faults = new Faults(random)
    this.#streams = new StoredStreams({
      now: this.#now,
      region,
      limits: limits === false ? noLimits : { ...serviceLimits, ...given },
      mostBytes,
      transitionMs,
    })
    this.#subscriptions = new Subscriptions(this.#streams, this.faults, this.#now)
    this.#http1.keepAliveTimeout = 60_000
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#listener.address() as AddressInfo).port}`
  }

  get clientOptions(): KinesisStandIn['clientOptions'] {
    const credentials = { accessKeyId: 'stand-in', secretAccessKey: 'stand-in' }
    return { endpoint: this.endpoint, region: this.#region, credentials }
  }

  get subscriptions(): number {
    return this.#subscriptions.size
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#listener.once('error', reject)
      this.#listener.listen(port, '127.0.0.1', resolve)
    })
  }

  create(name: string, shards: number): StreamView {
    this.#streams.create(name, shards)
    return this.stream(name)
  }

  stream(name: string): StreamView {
    const of = (): StoredStream => this.#streams.named(name)
    return {
      get arn() {
        return of().arn
      },
      get openShards() {
        return of()
          .open.toSorted((a, b) => (a.from < b.from ? -1 : 1))
          .map(({ id }) => id)
      },
      get shards() {
        return [...of().shards.keys()]
      },
      put: (partitionKey, data, explicitHashKey) =>
        of().put({ partitionKey, explicitHashKey, data: Buffer.from(data).toString('base64') }),
      records: (shard) =>
        of()
          .shard(shard)
          .records.map(({ sequenceNumber, partitionKey, data, arrival }) => ({
            sequenceNumber,
            partitionKey,
            data: Buffer.from(data, 'base64'),
            arrival,
          })),
      split: (id, at) => {
        const { from, to } = of().shard(id)
        of().split(id, at ?? (from + to) / 2n + 1n)
      },
      merge: (first, second) => of().merge(first, second),
      scale: (shards) => of().scale(shards),
      delete: () => this.#streams.delete(of()),
    }
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#listener.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Who begins with HTTP/2 is given to the server of HTTP/2. */
  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.once('data', (first) => {
      socket.pause()
      socket.unshift(first)
      if (!first.subarray(0, prefaceOfHttp2.length).equals(prefaceOfHttp2)) {
        this.#http1.emit('connection', socket)
        socket.resume()
      } else this.#http2.emit('connection', socket) // reads what was put back by itself
    })
  }

  async #serve(request: Request, response: ServerResponse): Promise<void> {
    const operation = String(request.headers['x-amz-target'] ?? '').split('.')[1] ?? ''
    try {
      const input = JSON.parse((await bodyOf(request)) || '{}') as object
      await this.#answer({ operation, ...this.#namesOf(input) }, input, request, response)
    } catch {
      // it was cut off, or is no JSON
      request.destroy()
    }
  }

  async #answer(call: Call, input: object, request: Request, response: ServerResponse): Promise<void> {
    const fault = this.faults.meet(call, ['error', 'cut', 'lost reply', 'slow'])
    if (fault?.type === 'cut') return this.#cut(call, 'cut', request)
    const slowMs = fault?.type === 'slow' ? fault.ms : 0
    try {
      if (fault?.type === 'error') throw new ServiceError(fault.code, fault.message ?? 'injected', fault.status)
      if (call.operation === 'SubscribeToShard') return await this.#subscribe(call, input, response, slowMs)
      const refuses = this.#refusing(call)
      const emptyPages = (): number => this.faults.meet(call, ['empty pages'])?.pages ?? 0
      const context = { streams: this.#streams, now: this.#now, refuses, emptyPages }
      const answer = operate(call.operation, input, context)
      if (fault?.type === 'lost reply') return this.#cut(call, 'lost reply', request)
      await slowed(slowMs)
      this.#note(call, 'ok')
      write(response, 200, answer)
    } catch (error) {
      const { code, message, status } = asServiceError(error)
      this.#note(call, code)
      write(response, status, JSON.stringify({ __type: code, message }))
    }
  }

  /** What decides of each entry of a request whether it is refused. */
  #refusing(call: Call): () => string | undefined {
    const fault = call.operation === 'PutRecords' ? this.faults.meet(call, ['partial']) : undefined
    return () => (fault !== undefined && this.faults.chance(fault.of) ? fault.code : undefined)
  }

  async #subscribe(call: Call, input: object, response: ServerResponse, slowMs: number): Promise<void> {
    const send = this.#subscriptions.subscribe(input)
    await slowed(slowMs)
    this.#note(call, 'ok')
    response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream', 'x-amzn-requestid': randomUUID() })
    await send(outputOf(response))
  }

  #cut(call: Call, outcome: string, request: Request): void {
    this.#note(call, outcome)
    if ('stream' in request) request.stream.close()
    else request.socket.destroy()
  }

  #note(call: Call, outcome: string): void {
    if (this.calls.length < mostCallsKept) this.calls.push({ ...call, at: this.#now(), outcome })
  }

  /** Stream and shard that a request means, for faults and the list of calls. */
  #namesOf(input: {
    StreamName?: string
    StreamARN?: string
    ConsumerARN?: string
    ShardId?: string
    ShardIterator?: string
  }): {
    stream?: string
    shard?: string
  } {
    const { StreamName, StreamARN, ConsumerARN, ShardId, ShardIterator } = input
    if (ShardIterator !== undefined)
      try {
        const { stream, shard } = decodeIterator(ShardIterator, -Infinity)
        return { stream, shard }
      } catch {
        return {}
      }
    const stream = StreamName ?? (StreamARN ?? ConsumerARN)?.split(':stream/')[1]?.split('/')[0]
    return { ...(stream !== undefined && { stream }), ...(ShardId !== undefined && { shard: ShardId }) }
  }
}

/** That of HTTP/2 has the same methods, as far as they are called here. */
const asHttp1 = (response: Http2ServerResponse): ServerResponse => response as unknown as ServerResponse

async function bodyOf(request: Request): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

function write(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': Buffer.byteLength(body),
    'x-amzn-requestid': randomUUID(),
  })
  response.end(body)
}

const asServiceError = (error: unknown): ServiceError =>
  error instanceof ServiceError ? error : new ServiceError('InternalFailure', String(error))

function outputOf(response: ServerResponse): EventOutput {
  let isClosed = false
  const closed = new Promise<void>((resolve) =>
    response.once('close', () => {
      isClosed = true
      resolve()
    }),
  )
  return {
    get isClosed() {
      return isClosed
    },
    write: (bytes) => response.write(bytes),
    drained: () => Promise.race([closed, new Promise<void>((resolve) => response.once('drain', resolve))]),
    end: () => void response.end(),
    destroy: () => {
      if ('stream' in response) (response as unknown as Http2ServerResponse).stream.close()
      else response.socket?.destroy()
    },
  }
}

/** A server that stops waits for nobody. */
async function slowed(ms: number): Promise<void> {
  if (ms > 0) await setTimeout(ms, undefined, { ref: false })
}
