import { type KinesisLimits } from './limits.ts'
import { badArgument, invalid, notFound, ServiceError } from './service-error.ts'
import { StoredStream } from './stored-stream.ts'

/** Options of {@link StoredStreams}. */
export interface StoredStreamsOptions {
  readonly now: () => number
  readonly region: string
  readonly limits: KinesisLimits
  readonly mostBytes: number
  /** How long a stream is created, and its shards are changed, in ms. */
  readonly transitionMs: number
}

/** How a request names a stream. */
export interface StreamReference {
  readonly StreamName?: string
  readonly StreamARN?: string
}

const account = '000000000000'

/** All streams of a server. */
export class StoredStreams {
  readonly #options: StoredStreamsOptions
  readonly #streams = new Map<string, StoredStream>()

  constructor(options: StoredStreamsOptions) {
    this.#options = options
  }

  get names(): string[] {
    return [...this.#streams.keys()].toSorted()
  }

  create(name: string, shards: number, mode?: string): StoredStream {
    if (!/^[a-zA-Z0-9_.-]{1,128}$/.test(name))
      throw invalid(`Value '${name}' at 'streamName' failed to satisfy constraint: [a-zA-Z0-9_.-]+`)
    if (this.#streams.has(name))
      throw new ServiceError('ResourceInUseException', `Stream ${name} under account ${account} already exists.`)
    const { region, now, limits, transitionMs } = this.#options
    const arn = `arn:aws:kinesis:${region}:${account}:stream/${name}`
    const stream = new StoredStream({
      name,
      arn,
      shards,
      now,
      limits,
      transitionMs,
      ...(mode !== undefined && { mode }),
    })
    this.#streams.set(name, stream)
    return stream
  }

  delete(stream: StoredStream): void {
    this.#streams.delete(stream.name)
    stream.end(true)
  }

  /** The stream of a name. @throws ServiceError where there is none */
  named(name: string): StoredStream {
    const stream = this.#streams.get(name)
    if (stream === undefined) throw notFound(`Stream ${name} under account ${account} not found.`)
    stream.trim()
    return stream
  }

  /** The stream that a request means. @throws ServiceError where there is none */
  of({ StreamName, StreamARN }: StreamReference): StoredStream {
    const name = StreamName ?? StreamARN?.split(':stream/')[1]?.split('/')[0]
    if (name === undefined) throw badArgument('Either StreamARN or StreamName must be given.')
    const stream = this.named(name)
    if (StreamARN !== undefined && !StreamARN.startsWith(stream.arn))
      throw notFound(`Stream ${StreamARN} not found: here it is ${stream.arn}`)
    return stream
  }

  /** The stream of a request that puts or reads: one that is only being created is not there. @throws ServiceError */
  usable(reference: StreamReference): StoredStream {
    const stream = this.of(reference)
    if (stream.status === 'CREATING') throw notFound(`Stream ${stream.name} under account ${account} not found.`)
    return stream
  }

  /** @throws ServiceError where a test has put more than may be held */
  checkRoom(): void {
    let bytes = 0
    for (const stream of this.#streams.values()) bytes += stream.bytes
    if (bytes > this.#options.mostBytes)
      throw new ServiceError(
        'InternalFailure',
        `The stand-in holds ${bytes} bytes, more than mostBytes (${this.#options.mostBytes}) allows`,
      )
  }
}
