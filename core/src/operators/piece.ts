import type { Code } from '../state/code.ts'
import type { Key } from '../state/key.ts'
import type { Node } from '../topology/node.ts'

/** Where in the generated loop a piece of code stands. */
export interface CodePoint {
  readonly code: Code
  /** Variable that holds the record. */
  readonly value: string
  /** Statement that ends the record here. */
  readonly skip: string
  /** Statement that notes this node as the one to blame if the next call throws. */
  readonly blame: string
  /** The code of all that follows for one output; `value` is a variable. */
  next(value: string, options?: { readonly key?: string; readonly skip?: string }): string
  /** The same for one branch of a split. */
  branch(branch: number): string
  /** Wraps code so that what throws inside ends there and does not take the rest of the record along. */
  guard(body: (skip: string) => string): string
}

/** Takes one record further: its value, event time, the watermark of its partition before it, and its key. */
export type Step = (value: unknown, time: number, mark: number, key: Key) => void

/** Where in a chain of closures a step stands. */
export interface StepPoint {
  /** All that follows for one output. */
  readonly next: Step
  /** The same for each branch of a split, by index; −1 is the rest. */
  readonly branches: ReadonlyMap<number, Step>
  /** Notes this node as the one to blame if the next call throws. */
  readonly blame: () => void
  /** Wraps a step so that what throws inside does not take the rest of the record along. */
  readonly guard: (step: Step) => Step
}

/** A per-record operator, said twice: for the generated loop, and as a closure where code generation is forbidden. */
export interface Piece<N extends Node> {
  code(node: N, at: CodePoint): string
  step(node: N, at: StepPoint): Step
}
