/**
 * A transport of winston that puts each line on a Kinesis data stream.
 *
 * @packageDocumentation
 */
import Transport from 'winston-transport'
import { LogShipper, type LogTransportOptions, type LogTransportStats } from './logging/log-shipper.ts'

const message: unique symbol = Symbol.for('message')

/** `winston.createLogger({ transports: [new KinesisTransport({ stream: 'logs' })] })`; `logger.end()` puts what waits. */
export class KinesisTransport extends Transport {
  readonly #shipper: LogShipper

  constructor({ level, silent, ...options }: LogTransportOptions & Transport.TransportStreamOptions) {
    super({ ...(level !== undefined && { level }), ...(silent !== undefined && { silent }) })
    this.#shipper = new LogShipper(options)
  }

  override log(info: { readonly [message]?: string }, next: () => void): void {
    void this.#shipper.ship(info[message] ?? JSON.stringify(info)).then(() => {
      this.emit('logged', info)
      next()
    })
  }

  /** What became of lines. */
  stats(): LogTransportStats {
    return this.#shipper.stats()
  }

  override _final(done: () => void): void {
    void this.#shipper.close().finally(done)
  }
}

export type { LogTransportOptions, LogTransportStats } from './logging/log-shipper.ts'
export type { SpoolOptions } from './logging/spool.ts'
