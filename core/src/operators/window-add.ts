import { Code, type Form } from '../state/code.ts'
import type { Accumulator, AccumulatorLayout } from '../state/accumulator.ts'
import type { Key } from '../state/key.ts'
import type { WindowNode } from '../topology/node.ts'
import { touch, type Pane } from './pane.ts'
import { verdict, type Add } from './stateful.ts'

/** What adding a record asks of a window that keeps panes. */
export interface PaneWindow {
  readonly node: WindowNode
  /** The pane of the record before: most records fall into the same one. */
  readonly last: Pane
  readonly watermark: number
  readonly epoch: number
  /** A record outside of `last`, or one that may be late: finds its pane, or deals with the late record and gives undefined. */
  paneOf(...record: Parameters<Add>): Pane | undefined
  /** Called after each record of a pane that has `fired`, or of a window with early firings. */
  changed(pane: Pane, a: Accumulator, mark: number): void
  /** The verdict on the record that `paneOf` had no pane for. */
  readonly lateVerdict: number
}

/** Builds the `add` of a pane window: measure, find the pane, find the accumulator, add. */
export const compileAdd = (form: Form, window: PaneWindow, layout: AccumulatorLayout, everyChange: boolean): Add =>
  form === 'generated' ? generateAdd(window, layout, everyChange) : closeAdd(window, layout, everyChange)

function generateAdd(window: PaneWindow, layout: AccumulatorLayout, everyChange: boolean): Add {
  const code = new Code()
  const names = { value: 'v', time: 't', partition: 'p', sequence: 'q' }
  const w = code.arg(window)
  const create = code.arg(layout.create)
  const insert = 'pane.entries.set(k,a);pane.dirty.push(a)'
  // What a function of the user throws for must not leave an accumulator of nothing behind: it would be emitted.
  const [before, after] = layout.hasUserCode ? ['', `if(isNew){${insert}}`] : [insert, '']
  return code.compile<Add>(
    'window',
    `(k,v,t,mark,p,q)=>{${layout.measureSource(code, names)}
let pane=${w}.last;
if(t<pane.start||t>=pane.end||mark>t||pane.fired){pane=${w}.paneOf(k,v,t,mark,p,q);if(pane===undefined)return ${w}.lateVerdict}
let a=pane.entries.get(k);const isNew=a===undefined;
if(isNew){a=${create}(k,${w}.epoch);${before}}
else if(a.e!==${w}.epoch){a.e=${w}.epoch;pane.dirty.push(a)}
${layout.addSource(code, names)}${after}
${everyChange ? '' : 'if(pane.fired)'}${w}.changed(pane,a,mark);
return ${verdict.taken}}`,
  )
}

function closeAdd(window: PaneWindow, layout: AccumulatorLayout, everyChange: boolean): Add {
  return (key, value, time, mark, partition, sequence) => {
    const measured = layout.measure(value)
    const { last } = window
    const pane =
      time < last.start || time >= last.end || mark > time || last.fired
        ? window.paneOf(key, value, time, mark, partition, sequence)
        : last
    if (pane === undefined) return window.lateVerdict
    const known = pane.entries.get(key)
    const a = known ?? layout.create(key, window.epoch)
    if (known) touch(pane, known, window.epoch)
    layout.add(a, measured, value, time, partition, sequence)
    if (!known) insert(pane, key, a)
    if (everyChange || pane.fired) window.changed(pane, a, mark)
    return verdict.taken
  }
}

function insert(pane: Pane, key: Key, a: Accumulator): void {
  pane.entries.set(key, a)
  pane.dirty.push(a)
}
