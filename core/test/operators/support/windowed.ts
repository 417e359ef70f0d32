import { aggregateOf, count, from, sum, topology, type FromOptions, type WindowSpec } from '@millrace/core'
import { collecting, drive, scripted } from '@millrace/core/testing'
import type { Form } from '../../../src/state/code.ts'
import type { WindowOptions } from '../../../src/topology/window-options.ts'

export interface Rec {
  readonly key: string
  readonly at: number
  readonly n: number
}

export const rec = (at: number, key = 'a', n = 1): Rec => ({ key, at, n })

export const timed = { eventTime: 'at', maxAhead: '1d' } as const

/** Ids of the records, in order of adding: shows what a window holds, and can be merged only. */
const numbers = aggregateOf({
  version: 1,
  init: (): number[] => [],
  add: (all: number[], { n }: Rec) => [...all, n],
  merge: (all: number[], others: number[]) => [...all, ...others],
  result: (all: number[]) => all.toSorted((a, b) => a - b).join(' '),
})

interface Fired {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly n: number
  readonly sum: number
}

/** A firing in one line. */
const shown = (fired: unknown): string => {
  const { key, start, end, n, sum: total } = fired as Fired
  return `${key} ${start}–${end}: ${n} of ${total}`
}

/** Counts and sums records by key in windows, and reads what comes late. */
export function windowed(spec: WindowSpec, options: WindowOptions = {}, source: FromOptions<Rec> = {}) {
  return topology('windowed')
    .sources(() => ({ events: from(scripted<Rec>(), { eventTime: 'at', maxAhead: '1d', ...source }) }))
    .build(({ events }) => {
      const fired = events
        .keyBy('key')
        .window(spec, options)
        .aggregate({ n: count(), sum: sum('n') })
      return { fired: fired.map(shown).to(collecting<string>()), late: fired.late.to(collecting<Rec>()) }
    })
}

/** The same with an aggregate that cannot subtract. */
export function mergedOnly(spec: WindowSpec, options: WindowOptions = {}, source: FromOptions<Rec> = {}) {
  return topology('windowed')
    .sources(() => ({ events: from(scripted<Rec>(), { eventTime: 'at', maxAhead: '1d', ...source }) }))
    .build(({ events }) => {
      const fired = events.keyBy('key').window(spec, options).aggregate({ numbers })
      const line = ({
        key,
        start,
        end,
        numbers: all,
      }: {
        key: string
        start: number
        end: number
        numbers: string
      }): string => `${key} ${start}–${end}: ${all}`
      return { fired: fired.map(line).to(collecting<string>()), late: fired.late.to(collecting<Rec>()) }
    })
}

export const driveWindowed = (form: Form, ...args: Parameters<typeof windowed>) => drive(windowed(...args), { form })
