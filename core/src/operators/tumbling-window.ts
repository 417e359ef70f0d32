import type { Accumulator } from '../state/accumulator.ts'
import { batchRecords } from '../state/emitter.ts'
import type { WindowNode } from '../topology/node.ts'
import type { TumblingSpec } from '../windows/window-spec.ts'
import { PaneOperator } from './pane-operator.ts'
import type { Pane } from './pane.ts'
import type { OperatorHost } from './stateful.ts'

/** Tumbling windows: a window is one pane. */
export class TumblingWindow extends PaneOperator {
  constructor(host: OperatorHost, node: WindowNode & { readonly spec: TumblingSpec }, name: string, lateRead: boolean) {
    super(host, node, name, node.spec.sizeMs, lateRead)
  }

  protected placeLate(start: number, bound: number): { readonly enters: number; readonly partly: boolean } | undefined {
    const end = start + (this.node.spec as TumblingSpec).sizeMs
    return end + this.node.allowedLatenessMs <= bound ? undefined : { enters: end, partly: false }
  }

  protected *fire(to: number): Generator<undefined, void> {
    const due = [...this.panes.values()].filter((pane) => !pane.fired && pane.end <= to)
    let emitted = 0
    for (const pane of due.sort((a, b) => a.start - b.start)) {
      for (const a of pane.entries.values()) {
        this.results.emit(a.k, pane.start, pane.end, a)
        if (++emitted % batchRecords === 0 && this.host.full()) yield
      }
      pane.fired = true
      this.firedUpTo = pane.end
    }
  }

  protected update(pane: Pane, a: Accumulator, mark: number): void {
    this.results.emit(a.k, pane.start, pane.end, a, mark)
  }

  protected closesAt(pane: Pane): number {
    return pane.end + this.node.allowedLatenessMs
  }

  protected opened(): void {}

  protected closed(): void {}
}
