import { MillraceError } from '../errors.ts'
import type { ByteReader } from '../state/byte-reader.ts'
import type { DeltaWriter } from '../state/delta.ts'
import { batchRecords, Emitter } from '../state/emitter.ts'
import type { Accumulator } from '../state/accumulator.ts'
import type { Key } from '../state/key.ts'
import { readValue } from '../state/value-codec.ts'
import type { WindowNode } from '../topology/node.ts'
import { noPane, Pane, touch } from './pane.ts'
import { verdict, type Add, type OperatorHost, type StatefulOperator } from './stateful.ts'
import { compileAdd, type PaneWindow } from './window-add.ts'
import { WindowResults } from './window-results.ts'
import { Watermarked } from './watermarked.ts'

/**
 * What tumbling and sliding windows share: panes by their start, lateness, early and late firings, snapshots.
 * A pane is added to until it is `fired` (its first window has closed) and kept until no window can change any more.
 */
export abstract class PaneOperator extends Watermarked implements StatefulOperator, PaneWindow {
  readonly node: WindowNode
  readonly name: string
  readonly out: Emitter = new Emitter()
  readonly late: Emitter = new Emitter()
  readonly add: Add
  readonly lateVerdict: number
  protected readonly host: OperatorHost
  protected readonly results: WindowResults
  protected readonly panes: Map<string, Pane> = new Map()
  readonly #paneMs: number
  readonly #everyRecords: number
  readonly #everyMs: number
  readonly #lateRead: boolean
  #dropped: string[] = []
  #updated = false
  #earlyDue = Infinity
  /** End of the last window that was emitted. */
  protected firedUpTo: number = -Infinity
  last: Pane = noPane
  epoch = 1

  constructor(host: OperatorHost, node: WindowNode, name: string, paneMs: number, lateRead: boolean) {
    super()
    const { early } = node
    this.host = host
    this.node = node
    this.name = name
    this.#paneMs = paneMs
    this.#lateRead = lateRead
    this.results = new WindowResults(host, node, this.out)
    this.#everyRecords = early && 'everyRecords' in early ? early.everyRecords : 0
    this.#everyMs = early && 'everyMs' in early ? early.everyMs : 0
    this.lateVerdict = lateRead || node.late === 'drop' ? verdict.gone : verdict.late
    this.add = compileAdd(host.form, this, this.results.layout, early !== undefined)
  }

  /** Where a pane of this start begins to count, and whether some of its windows are closed to a record; undefined when all are. */
  protected abstract placeLate(
    start: number,
    bound: number,
  ): { readonly enters: number; readonly partly: boolean } | undefined
  /** Emits the windows that end up to a watermark, in order of their ends. */
  protected abstract fire(to: number): Generator<undefined, void>
  /** Emits again what changed in windows that have fired, unless the node says not to. */
  protected abstract update(pane: Pane, a: Accumulator, mark: number): void
  /** Watermark at which no window with this pane can change any more. */
  protected abstract closesAt(pane: Pane): number
  /** Called for a pane that comes. */
  protected abstract opened(pane: Pane): void
  /** Called for a pane that goes. */
  protected abstract closed(pane: Pane): void

  get entries(): number {
    let entries = 0
    for (const pane of this.panes.values()) entries += pane.entries.size
    return entries
  }

  get pending(): boolean {
    return this.#updated
  }

  paneOf(key: Key, value: unknown, time: number, mark: number): Pane | undefined {
    const start = Math.floor(time / this.#paneMs) * this.#paneMs
    const place = this.placeLate(start, Math.max(mark, this.watermark))
    if (place === undefined || place.partly) this.#tooLate(key, value, time, mark)
    if (place === undefined) return undefined
    const pane = this.#pane(start, place.enters)
    if (!pane.fired && !place.partly) this.last = pane
    return pane
  }

  /** It comes too late as a whole only where the stage before has broken its word, and nothing of it is lost then. */
  merge(group: string, key: Key, value: ByteReader): void {
    const start = Number(group)
    const added = this.results.layout.read(value, key, 0)
    const place = this.placeLate(start, this.watermark)
    if (place === undefined || place.partly) this.#mergeLate(start, added)
    if (place) this.#mergeInto(this.#pane(start, place.enters), added)
  }

  #mergeLate(start: number, added: Accumulator): void {
    this.host.countLate()
    const message = `what was added up from ${new Date(start).toISOString()} on came after its window was closed`
    this.host.refuse(this.node, new MillraceError('LATE', message), this.results.evidence(start, added))
  }

  #mergeInto(pane: Pane, added: Accumulator): void {
    const known = pane.entries.get(added.k)
    const a = known ?? added
    touch(pane, a, this.epoch)
    if (known === undefined) pane.entries.set(a.k, a)
    try {
      if (known) this.results.layout.merge(known, added)
    } catch (error) {
      this.host.refuse(this.node, error, this.results.evidence(pane.start, added))
    }
    if (pane.fired) this.changed(pane, a, this.watermark)
  }

  #tooLate(key: Key, value: unknown, time: number, mark: number): void {
    this.host.countLate()
    if (this.#lateRead) this.late.push(value, time, mark, key)
  }

  changed(pane: Pane, a: Accumulator, mark: number): void {
    if (pane.enters <= this.watermark) {
      pane.update(a, mark)
      this.#updated = true
    } else if (this.#everyRecords > 0) {
      a['c'] = ((a['c'] as number | undefined) ?? 0) + 1
      if ((a['c'] as number) % this.#everyRecords === 0) this.early(pane, a)
    } else if (this.#everyMs > 0) {
      pane.changed.add(a)
      if (this.#earlyDue === Infinity) this.#earlyDue = -Infinity
    }
  }

  /** Emits the present result of a window that is still open. */
  protected early(pane: Pane, a: Accumulator): void {
    this.results.emit(a.k, pane.start, pane.end, a)
  }

  *advance(to: number): Generator<undefined, void> {
    if (this.#updated) yield* this.#fireUpdates()
    if (to <= this.watermark) return
    yield* this.fire(to)
    // The end of the input fires everything. What is stored is the watermark that would have done that, and the panes
    // that it leaves open: more may come, should the job be started again over more input.
    this.reach(to, Math.max(this.watermark, this.firedUpTo))
    const closing = this.storedWatermark()
    for (const [group, pane] of this.panes) if (this.closesAt(pane) <= closing) this.#close(group, pane)
  }

  nextTick(): number {
    return this.#earlyDue
  }

  *tick(now: number): Generator<undefined, void> {
    if (this.#earlyDue > now) return
    let emitted = 0
    for (const pane of this.panes.values()) {
      for (const a of pane.changed) {
        if (!pane.fired) this.early(pane, a)
        if (++emitted % batchRecords === 0 && this.host.full()) yield
      }
      pane.changed.clear()
    }
    this.#earlyDue = emitted > 0 ? now + this.#everyMs : Infinity
  }

  snapshot(delta: DeltaWriter, full: boolean): void {
    delta.state(this.name)
    for (const group of full ? [] : this.#dropped) {
      delta.group(group)
      delta.drop()
    }
    this.#dropped = []
    for (const pane of this.panes.values()) pane.snapshot(delta, this.results.layout, full)
    this.epoch++
  }

  restore(group: string, key: ByteReader, value: ByteReader): void {
    const [start = NaN, enters = start + this.#paneMs] = group.split(':').map(Number)
    const pane = this.#pane(start, enters)
    pane.stored = true
    const k = readValue(key) as Key
    pane.entries.set(k, this.results.layout.read(value, k, 0))
  }

  restored(watermark: number): void {
    this.watermark = watermark
    for (const pane of this.panes.values()) pane.fired = pane.enters <= watermark
  }

  #pane(start: number, enters: number): Pane {
    const group = enters === start + this.#paneMs ? String(start) : `${start}:${enters}`
    const known = this.panes.get(group)
    if (known) return known
    const pane = new Pane(start, start + this.#paneMs, enters)
    pane.fired = enters <= this.watermark
    this.panes.set(group, pane)
    this.opened(pane)
    return pane
  }

  #close(group: string, pane: Pane): void {
    if (pane.stored) this.#dropped.push(group)
    if (pane === this.last) this.last = noPane
    this.panes.delete(group)
    this.closed(pane)
  }

  *#fireUpdates(): Generator<undefined, void> {
    let emitted = 0
    for (const pane of this.panes.values()) {
      for (const [a, mark] of pane.updates) {
        this.update(pane, a, mark)
        if (++emitted % batchRecords === 0 && this.host.full()) yield
      }
      pane.updates.clear()
    }
    this.#updated = false
  }
}
