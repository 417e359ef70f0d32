import type { Location, Node, OnError, SinkNode } from './node.ts'

/** Where an outlet keeps its end; named for the compiler, which prints it when a stream is returned instead. */
export const endedWithTo: unique symbol = Symbol('endedWithTo')

/** A sink node that has no name yet. */
export interface SinkEnd<out T = unknown> {
  readonly input: Node
  readonly sink: SinkNode['sink']
  readonly at: Location
  readonly onError: OnError
  readonly _type?: T
}

/** A stream that was given to a sink: what `to()` returns and `build()` wants back, under the name of the sink. */
export interface Outlet<out T> {
  readonly [endedWithTo]: SinkEnd<T>
}

/** True for what `to()` returns. */
export const isOutlet = (value: unknown): value is Outlet<unknown> =>
  typeof value === 'object' && value !== null && endedWithTo in value
