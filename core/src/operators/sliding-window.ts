import type { Accumulator } from '../state/accumulator.ts'
import { batchRecords } from '../state/emitter.ts'
import type { Key } from '../state/key.ts'
import type { WindowNode } from '../topology/node.ts'
import type { SlidingSpec } from '../windows/window-spec.ts'
import { PaneOperator } from './pane-operator.ts'
import type { Pane } from './pane.ts'
import type { OperatorHost } from './stateful.ts'
import { StackedTotals, SubtractingTotals, type Totals } from './totals.ts'

/**
 * Sliding windows: a record is added to one pane of `every`; a running total takes panes in as they enter the window and
 * out as they leave it, so 300 panes cost about what one does.
 */
export class SlidingWindow extends PaneOperator {
  readonly #sizeMs: number
  readonly #everyMs: number
  readonly #totals: Totals
  /** Panes that have not entered yet, by the end of the first window they are part of. */
  readonly #entering = new Map<number, Pane[]>()
  /** Panes by the end of the last window they are part of. */
  readonly #leaving = new Map<number, Pane[]>()

  constructor(host: OperatorHost, node: WindowNode & { readonly spec: SlidingSpec }, name: string, lateRead: boolean) {
    super(host, node, name, node.spec.everyMs, lateRead)
    this.#sizeMs = node.spec.sizeMs
    this.#everyMs = node.spec.everyMs
    const { total } = this.results
    this.#totals = total?.subtract
      ? new SubtractingTotals(total, total.subtract)
      : new StackedTotals(this.results.layout)
  }

  protected placeLate(start: number, bound: number): { readonly enters: number; readonly partly: boolean } | undefined {
    const first = start + this.#everyMs
    const open = bound - this.node.allowedLatenessMs
    if (first > open) return { enters: first, partly: false }
    const enters = start + (Math.floor((open - start) / this.#everyMs) + 1) * this.#everyMs
    return enters > start + this.#sizeMs ? undefined : { enters, partly: true }
  }

  protected opened(pane: Pane): void {
    if (!pane.fired) add(this.#entering, pane.enters, pane)
    add(this.#leaving, this.#leaves(pane), pane)
  }

  protected closed(pane: Pane): void {
    remove(this.#entering, pane.enters, pane)
    remove(this.#leaving, this.#leaves(pane), pane)
  }

  override restored(watermark: number): void {
    super.restored(watermark)
    for (const pane of this.panes.values()) if (pane.fired) remove(this.#entering, pane.enters, pane)
    this.#rebuild(watermark + this.#everyMs)
  }

  protected *fire(to: number): Generator<undefined, void> {
    for (let end = this.#nextEnd(this.watermark); end <= to; end = this.#nextEnd(end)) {
      this.#enter(end)
      if (end % this.#sizeMs === 0 && !this.#totals.isExact()) this.#rebuild(end)
      yield* this.#emitAll(end)
      this.firedUpTo = end
      for (const pane of this.#leaving.get(end) ?? []) this.#totals.leave(pane, end)
    }
  }

  *#emitAll(end: number): Generator<undefined, void> {
    let emitted = 0
    for (const sum of this.#totals.entries()) {
      this.results.emitTotal(sum.k, end - this.#sizeMs, end, sum)
      if (++emitted % batchRecords === 0 && this.host.full()) yield
    }
  }

  #enter(end: number): void {
    for (const pane of this.#entering.get(end) ?? []) {
      this.#totals.enter(pane, this.#leaves(pane))
      pane.fired = true
    }
    this.#entering.delete(end)
  }

  /** The next window after `end` that holds anything. */
  #nextEnd(end: number): number {
    if (this.#totals.size > 0) return (Math.floor(Math.max(end, this.firedUpTo) / this.#everyMs) + 1) * this.#everyMs
    let next = Infinity
    for (const enters of this.#entering.keys()) if (enters < next) next = enters
    return next === Infinity ? NaN : next
  }

  protected update(pane: Pane, a: Accumulator, mark: number): void {
    const fired = Math.floor(this.watermark / this.#everyMs) * this.#everyMs
    const last = Math.min(this.#leaves(pane), fired)
    for (let end = pane.enters; end <= last; end += this.#everyMs) {
      this.results.emit(a.k, end - this.#sizeMs, end, this.#contents(a.k, end), mark)
    }
    this.#totals.replace(a.k, this.#active(fired))
  }

  protected override early(pane: Pane, a: Accumulator): void {
    this.results.emit(a.k, pane.enters - this.#sizeMs, pane.enters, this.#contents(a.k, pane.enters))
  }

  protected closesAt(pane: Pane): number {
    return this.#leaves(pane) + this.node.allowedLatenessMs
  }

  /** What one key has in one window, pane by pane: for the rare firings that are not in order. */
  #contents(key: Key, end: number): Accumulator {
    const sum = this.results.layout.create(key, 0)
    for (const pane of this.panes.values()) {
      const a = pane.enters <= end && end <= this.#leaves(pane) ? pane.entries.get(key) : undefined
      if (a) this.results.layout.merge(sum, a)
    }
    return sum
  }

  #leaves(pane: Pane): number {
    return pane.start + this.#sizeMs
  }

  /** Panes that are part of the running total once the window ending at `end` was emitted. */
  #active(end: number): { readonly pane: Pane; readonly leaves: number }[] {
    const active = [...this.panes.values()].filter((pane) => pane.fired && this.#leaves(pane) > end)
    return active.map((pane) => ({ pane, leaves: this.#leaves(pane) })).sort((a, b) => a.leaves - b.leaves)
  }

  /** Adds up anew, so that rounding errors of a running total live no longer than one window. */
  #rebuild(end: number): void {
    this.#totals.clear()
    for (const { pane, leaves } of this.#active(end - this.#everyMs)) this.#totals.enter(pane, leaves)
  }
}

function add(index: Map<number, Pane[]>, at: number, pane: Pane): void {
  const panes = index.get(at)
  if (panes) panes.push(pane)
  else index.set(at, [pane])
}

function remove(index: Map<number, Pane[]>, at: number, pane: Pane): void {
  const left = (index.get(at) ?? []).filter((other) => other !== pane)
  if (left.length > 0) index.set(at, left)
  else index.delete(at)
}
