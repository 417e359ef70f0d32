/**
 * A transport of winston that puts each line on a Kinesis data stream.
 *
 * @packageDocumentation
 */
import { badOption } from '@millrace/core'
import Transport from 'winston-transport'
import { LogShipper, type LogTransportOptions, type LogTransportStats } from './logging/log-shipper.ts'

/** Options of {@link KinesisTransport}. */
export type WinstonTransportOptions = Omit<LogTransportOptions, 'whenFull'>

/** Of those of any transport of winston. */
type KinesisTransportOptions = Pick<
  Transport.TransportStreamOptions,
  'level' | 'silent' | 'format' | 'handleExceptions' | 'handleRejections'
>

const message: unique symbol = Symbol.for('message')

/**
 * `winston.createLogger({ transports: [new KinesisTransport({ stream: 'logs' })] })`; `logger.end()` puts what waits.
 *
 * Winston lets nobody wait who logs: what does not fit into `maxBufferedBytes` goes to the spool, or is dropped and counted where there is none.
 */
export class KinesisTransport extends Transport {
  readonly #shipper: LogShipper

  constructor({
    level,
    silent,
    format,
    handleExceptions,
    handleRejections,
    ...options
  }: WinstonTransportOptions & KinesisTransportOptions) {
    super({
      ...(level !== undefined && { level }),
      ...(silent !== undefined && { silent }),
      ...(format !== undefined && { format }),
      ...(handleExceptions !== undefined && { handleExceptions }),
      ...(handleRejections !== undefined && { handleRejections }),
    })
    const { whenFull = 'drop' } = options as LogTransportOptions
    if (whenFull !== 'drop')
      throw badOption(
        `KinesisTransport: \`whenFull\` is '${String(whenFull)}', but winston lets nobody wait; leave it out, and give \`spool\` to lose nothing`,
      )
    this.#shipper = new LogShipper({ ...options, whenFull })
  }

  override log(info: { readonly [message]?: string }, next: () => void): void {
    const line = info[message] ?? textOf(info)
    if (line === undefined) this.#shipper.drop()
    else this.#shipper.take(line)
    this.emit('logged', info)
    // held up, winston ends its transports before it has given them all
    next()
  }

  /** What became of lines. */
  stats(): LogTransportStats {
    return this.#shipper.stats()
  }

  /** Winston calls it when the transport is removed, or its logger closed. */
  override close(): void {
    this.end()
  }

  override _final(done: () => void): void {
    void this.#shipper.close().finally(done)
  }
}

/** Without a format, what is logged need not be what JSON can write. */
function textOf(info: object): string | undefined {
  try {
    return JSON.stringify(info)
  } catch {
    return undefined
  }
}

export type { LogTransportOptions, LogTransportStats } from './logging/log-shipper.ts'
export type { SpoolOptions } from './logging/spool.ts'
