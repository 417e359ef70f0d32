import type { Step } from './collector.ts'
import { Flow, type Origin } from './flow.ts'
import { misuse } from './misuse.ts'
import type { StepOptions } from './step-options.ts'

/** Adds a node behind a stream, and behind `others` of the same topology. */
export function step(from: Flow<unknown>, what: Step, options?: StepOptions, others: readonly unknown[] = []): Origin {
  const { collector, node } = Flow.originOf(from)
  const inputs = others.map((other) => {
    const origin = Flow.originOf(other)
    if (origin?.collector !== collector) throw misuse(`${what.kind}() takes streams of the same build() only`)
    return origin.node
  })
  return { collector, node: collector.add(what, [node, ...inputs], options) }
}
