import { AccumulatorLayout } from '../state/accumulator.ts'
import type { Form } from '../state/code.ts'
import { DeltaWriter } from '../state/delta.ts'
import type { Key } from '../state/key.ts'
import { writeValue } from '../state/value-codec.ts'
import type { WindowNode } from '../topology/node.ts'
import { noPane, Pane } from './pane.ts'
import { verdict, type Add } from './stateful.ts'
import { compileAdd, type PaneWindow } from './window-add.ts'
import { aggregatesOf } from './window-results.ts'

/**
 * The half of a window that stands before its exchange: adds records up by key and pane, as the window would, until they
 * are taken. A record behind its mark may be late, which only the window itself can tell: it is sent on as it is.
 */
export class PartialWindow implements PaneWindow {
  readonly node: WindowNode
  readonly add: Add
  readonly watermark: number = -Infinity
  readonly epoch: number = 1
  readonly lateVerdict: number = verdict.gone
  last: Pane = noPane
  readonly #name: string
  readonly #layout: AccumulatorLayout
  readonly #paneMs: number
  readonly #sendOn: Add
  readonly #panes = new Map<number, Pane>()

  constructor(form: Form, node: WindowNode, name: string, sendOn: Add) {
    const { spec } = node
    if (spec.kind === 'session') throw new RangeError('a session has no panes')
    this.node = node
    this.#name = name
    this.#paneMs = spec.kind === 'sliding' ? spec.everyMs : spec.sizeMs
    this.#sendOn = sendOn
    this.#layout = new AccumulatorLayout(form, aggregatesOf(node))
    this.add = compileAdd(form, this, this.#layout, false)
  }

  get entries(): number {
    let entries = 0
    for (const pane of this.#panes.values()) entries += pane.entries.size
    return entries
  }

  paneOf(...record: Parameters<Add>): Pane | undefined {
    const [, , time, mark] = record
    if (mark > time) {
      this.#sendOn(...record)
      return undefined
    }
    const start = Math.floor(time / this.#paneMs) * this.#paneMs
    let pane = this.#panes.get(start)
    if (pane === undefined) this.#panes.set(start, (pane = new Pane(start, start + this.#paneMs)))
    this.last = pane
    return pane
  }

  /** Nothing fires here. */
  changed(): void {}

  /** Hands over all of it as blobs of state, by what `partitionOf` says of their keys. */
  take(partitionOf: (key: Key) => number): Map<number, Uint8Array> {
    const writers = new Map<number, DeltaWriter>()
    for (const pane of this.#panes.values()) this.#write(pane, writers, partitionOf)
    this.#panes.clear()
    this.last = noPane
    return new Map([...writers].map(([partition, delta]) => [partition, delta.finish() ?? new Uint8Array()]))
  }

  #write({ start, entries }: Pane, writers: Map<number, DeltaWriter>, partitionOf: (key: Key) => number): void {
    const begun = new Set<number>()
    for (const a of entries.values()) {
      const partition = partitionOf(a.k)
      const delta = writers.get(partition) ?? this.#begin(writers, partition)
      if (!begun.has(partition)) delta.group(String(start))
      begun.add(partition)
      delta.put(
        (out) => writeValue(out, a.k),
        (out) => this.#layout.write(out, a),
      )
    }
  }

  #begin(writers: Map<number, DeltaWriter>, partition: number): DeltaWriter {
    const delta = new DeltaWriter()
    delta.state(this.#name)
    writers.set(partition, delta)
    return delta
  }
}
