import { durationMs, positiveMs, type Duration } from '../duration.ts'
import type { WindowSpec } from '../windows/window-spec.ts'
import { callerLocation } from './location.ts'
import { misuse } from './misuse.ts'
import type { Location, OnError, WindowNode } from './node.ts'
import type { StatefulOptions } from './step-options.ts'

/** How a window fires, and what it does with records that come late. */
export interface WindowOptions extends StatefulOptions {
  /**
   * How long after its end a window still takes records. They fire it again, with the corrected result; its state is
   * kept so long.
   * @default 0
   */
  readonly allowedLateness?: Duration
  /**
   * Fires before the end too: every so much processing time, or every so many records of a key. Results are those so
   * far, and how many come is not part of what a restart repeats exactly.
   */
  readonly early?: Duration | { readonly every: number }
  /** What happens to records later than that when nothing reads `late`. @default 'deadLetter' */
  readonly late?: 'deadLetter' | 'drop'
}

/** A window that still lacks what to make of its records. */
export interface OpenWindow {
  readonly settings: Pick<WindowNode, 'kind' | 'spec' | 'allowedLatenessMs' | 'early' | 'late' | 'state'>
  readonly options: { readonly name?: string; readonly onError?: OnError }
  readonly at: Location
}

/** Resolves the options of a window once. */
export function openWindow(kind: WindowNode['kind'], spec: WindowSpec, options: WindowOptions = {}): OpenWindow {
  const at = callerLocation()
  if (!isSpec(spec)) throw misuse(`${kind}() needs tumbling(), sliding() or session()`, at)
  const { early, late = 'deadLetter', previousName, allowedLateness = 0 } = options
  const settings = {
    kind,
    spec,
    allowedLatenessMs: durationMs(allowedLateness, `${kind}: allowedLateness`),
    ...(early === undefined ? {} : { early: earlyFirings(early, `${kind}: early`) }),
    late,
    state: Object.freeze(previousName === undefined ? {} : { previousName }),
  }
  return { settings, options, at }
}

function earlyFirings(early: Duration | { readonly every: number }, field: string): NonNullable<WindowNode['early']> {
  if (typeof early !== 'object') return Object.freeze({ everyMs: positiveMs(early, field) })
  if (Number.isSafeInteger(early.every) && early.every > 0) return Object.freeze({ everyRecords: early.every })
  throw misuse(`${field}: every is a number of records, 1 or more, not ${JSON.stringify(early.every)}`)
}

const isSpec = (spec: unknown): boolean => typeof spec === 'object' && spec !== null && 'kind' in spec
