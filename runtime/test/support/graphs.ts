import { count, from, type FromOptions, type Graph, topology, tumbling } from '@millrace/core'
import type { MemoryLog } from './memory-log.ts'
import type { MemorySink } from './memory-sink.ts'

/** A record with a key and an event time. */
export interface Click {
  readonly page: string
  readonly at: number
}

/** A result of {@link counting}. */
export interface Views {
  readonly page: string
  readonly start: number
  readonly end: number
  readonly n: number
}

/** Records go through as they are. */
export const passing = (log: MemoryLog<Click>, sink: MemorySink<Click>, options: FromOptions<Click> = {}): Graph =>
  topology('clicks')
    .sources(() => ({ clicks: from(log.source, { eventTime: 'at', ...options }) }))
    .build(({ clicks }) => ({ out: clicks.to(sink.sink) }))
    .graph({})

/** Counts clicks a page and ten seconds. */
export const counting = (log: MemoryLog<Click>, sink: MemorySink<Views>, options: FromOptions<Click> = {}): Graph =>
  topology('clicks')
    .sources(() => ({ clicks: from(log.source, { eventTime: 'at', ...options }) }))
    .build(({ clicks }) => ({
      out: clicks.keyBy('page').window(tumbling('10s')).aggregate({ n: count() }).to(sink.sink),
    }))
    .graph({})

/** Clicks on one page, a second apart, from a second on. */
export const clicks = (page: string, number: number, from = 1): Click[] =>
  Array.from({ length: number }, (_, i) => ({ page, at: (from + i) * 1_000 }))
