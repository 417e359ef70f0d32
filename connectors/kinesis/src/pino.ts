/**
 * A transport of pino that puts each line on a Kinesis data stream.
 *
 * @packageDocumentation
 */
import type { Transform } from 'node:stream'
import build from 'pino-abstract-transport'
import { LogShipper, type LogTransportOptions } from './logging/log-shipper.ts'

/**
 * `pino.transport({ target: '@millrace/kinesis/pino', options: { stream: 'logs' } })`: it runs in a thread of its own, and pino waits for it when
 * the process ends.
 */
export default function kinesisTransport(options: LogTransportOptions): Transform & build.OnUnknown {
  const shipper = new LogShipper(options)
  const transport = build(
    async (lines: AsyncIterable<string>) => {
      for await (const line of lines) await shipper.ship(line)
    },
    { parse: 'lines', close: () => shipper.close() },
  ) as Transform & build.OnUnknown
  const end = transport.end.bind(transport) as (...args: unknown[]) => Transform
  // the lines that it has are read before anybody closes, and the first of them may be waiting for room
  transport.end = (...args: unknown[]) => {
    shipper.beginClose()
    return end(...args) as typeof transport
  }
  return transport
}

export type { LogTransportOptions } from './logging/log-shipper.ts'
export type { SpoolOptions } from './logging/spool.ts'
