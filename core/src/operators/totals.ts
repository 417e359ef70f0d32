import type { Accumulator, AccumulatorLayout } from '../state/accumulator.ts'
import type { Key } from '../state/key.ts'
import type { Pane } from './pane.ts'

/** What the panes of the present sliding window add up to, a key. Derived from the panes: never stored. */
export interface Totals {
  /** Number of keys that have something in the window. */
  readonly size: number
  /** A pane becomes part of the window, to leave after the one that ends at `leaves`. */
  enter(pane: Pane, leaves: number): void
  /** A pane leaves the window. */
  leave(pane: Pane, leaves: number): void
  /** Puts right what one key has, after its panes were changed. */
  replace(key: Key, panes: readonly { readonly pane: Pane; readonly leaves: number }[]): void
  /** Sums over the window, one a key; valid until the next step. */
  entries(): Iterable<Accumulator>
  /** False when rounding errors may have added up. */
  isExact(): boolean
  clear(): void
}

/** Keeps one sum a key and takes out of it the pane that leaves: the cost of a window does not depend on its panes. */
export class SubtractingTotals implements Totals {
  readonly #layout: AccumulatorLayout
  readonly #subtract: (a: Accumulator, b: Accumulator) => void
  /** Sums; `e` counts the panes in each. */
  readonly #sums = new Map<Key, Accumulator>()

  constructor(layout: AccumulatorLayout, subtract: (a: Accumulator, b: Accumulator) => void) {
    this.#layout = layout
    this.#subtract = subtract
  }

  get size(): number {
    return this.#sums.size
  }

  enter(pane: Pane): void {
    for (const a of pane.entries.values()) this.#put(a)
  }

  leave(pane: Pane): void {
    for (const a of pane.entries.values()) {
      const sum = this.#sums.get(a.k)
      if (sum === undefined) continue
      if (--sum.e === 0) this.#sums.delete(a.k)
      else this.#subtract(sum, a)
    }
  }

  replace(key: Key, panes: readonly { readonly pane: Pane }[]): void {
    this.#sums.delete(key)
    for (const { pane } of panes) {
      const a = pane.entries.get(key)
      if (a) this.#put(a)
    }
  }

  entries(): Iterable<Accumulator> {
    return this.#sums.values()
  }

  isExact(): boolean {
    for (const sum of this.#sums.values()) if (!this.#layout.isExact(sum)) return false
    return true
  }

  clear(): void {
    this.#sums.clear()
  }

  #put(a: Accumulator): void {
    let sum = this.#sums.get(a.k)
    if (sum === undefined) this.#sums.set(a.k, (sum = this.#layout.create(a.k, 0)))
    this.#layout.merge(sum, a)
    sum.e++
  }
}

/**
 * Two stacks a key, for aggregates that cannot subtract: panes are pushed onto `back`; when the oldest has to leave and
 * `front` is empty, `back` is turned over into sums of suffixes, of which the top one is dropped at each step.
 */
class TwoStacks {
  readonly front: { readonly sum: Accumulator; readonly leaves: number }[] = []
  back: { readonly a: Accumulator; readonly leaves: number }[] = []
  backSum: Accumulator | undefined
  /** Parts that leave before one that came earlier (records late for some windows): few, so merged one by one. */
  extra: { readonly a: Accumulator; readonly leaves: number }[] = []

  get empty(): boolean {
    return this.front.length === 0 && this.back.length === 0 && this.extra.length === 0
  }

  push(a: Accumulator, leaves: number, layout: AccumulatorLayout): void {
    const before = this.back.at(-1)?.leaves ?? this.front[0]?.leaves ?? -Infinity
    if (leaves < before) {
      this.extra.push({ a, leaves })
      return
    }
    this.back.push({ a, leaves })
    this.backSum ??= layout.create(a.k, 0)
    layout.merge(this.backSum, a)
  }

  drop(leaves: number, layout: AccumulatorLayout): void {
    if (this.extra.length > 0) this.extra = this.extra.filter((part) => part.leaves > leaves)
    const oldest = this.front.at(-1) ?? this.back[0]
    if (oldest === undefined || oldest.leaves > leaves) return
    if (this.front.length === 0) this.#turn(layout)
    while ((this.front.at(-1)?.leaves ?? Infinity) <= leaves) this.front.pop()
  }

  #turn(layout: AccumulatorLayout): void {
    for (let i = this.back.length - 1; i >= 0; i--) {
      const part = this.back[i]
      if (part === undefined) continue
      const sum = layout.create(part.a.k, 0)
      layout.merge(sum, part.a)
      const above = this.front.at(-1)
      if (above) layout.merge(sum, above.sum)
      this.front.push({ sum, leaves: part.leaves })
    }
    this.back = []
    this.backSum = undefined
  }

  sum(key: Key, layout: AccumulatorLayout): Accumulator {
    const sum = layout.create(key, 0)
    const top = this.front.at(-1)
    if (top) layout.merge(sum, top.sum)
    if (this.backSum) layout.merge(sum, this.backSum)
    for (const { a } of this.extra) layout.merge(sum, a)
    return sum
  }
}

/** {@link TwoStacks} for every key: two merges a key and window, whatever the number of panes. */
export class StackedTotals implements Totals {
  readonly #layout: AccumulatorLayout
  readonly #stacks = new Map<Key, TwoStacks>()

  constructor(layout: AccumulatorLayout) {
    this.#layout = layout
  }

  get size(): number {
    return this.#stacks.size
  }

  enter(pane: Pane, leaves: number): void {
    for (const a of pane.entries.values()) this.#push(a, leaves)
  }

  leave(pane: Pane, leaves: number): void {
    for (const key of pane.entries.keys()) {
      const stacks = this.#stacks.get(key)
      stacks?.drop(leaves, this.#layout)
      if (stacks?.empty) this.#stacks.delete(key)
    }
  }

  replace(key: Key, panes: readonly { readonly pane: Pane; readonly leaves: number }[]): void {
    this.#stacks.delete(key)
    for (const { pane, leaves } of panes) {
      const a = pane.entries.get(key)
      if (a) this.#push(a, leaves)
    }
  }

  *entries(): Iterable<Accumulator> {
    for (const [key, stacks] of this.#stacks) yield stacks.sum(key, this.#layout)
  }

  isExact(): boolean {
    return true
  }

  clear(): void {
    this.#stacks.clear()
  }

  #push(a: Accumulator, leaves: number): void {
    let stacks = this.#stacks.get(a.k)
    if (stacks === undefined) this.#stacks.set(a.k, (stacks = new TwoStacks()))
    stacks.push(a, leaves, this.#layout)
  }
}
