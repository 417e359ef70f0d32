import { from, topology, type, type ProcessContext, type StateSpecs } from '@millrace/core'
import { collecting, scripted } from '@millrace/core/testing'
import type { ProcessSpec } from '../../../src/topology/process.ts'
import { unplaced } from '../../engine/support/unplaced.ts'
import { timed, type Rec } from './windowed.ts'

/** A topology of one process step, which emits anything. */
export const built = <const S extends StateSpecs>(
  spec: Omit<ProcessSpec<Rec, string, S, unknown>, 'emits'>,
  options: { readonly outOfOrderness?: number } = {},
) =>
  unplaced(() =>
    topology('processed')
      .sources(() => ({ events: from(scripted<Rec>(), { ...timed, ...options }) }))
      .build(({ events }) => ({
        out: events
          .keyBy('key')
          .process({ ...spec, emits: type<unknown>() })
          .to(collecting()),
      })),
  )

/** Emits what each timer was set for. */
export const timers = (onRecord: (record: Rec, context: ProcessContext<string, {}, unknown>) => void) =>
  built({
    state: {},
    onRecord,
    onTimer: ({ at: due, tag }, { key, time, emit }) => emit(`${key} ${tag ?? '–'} due ${due} at ${time}`),
  })
