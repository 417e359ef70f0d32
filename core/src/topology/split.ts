import { lazily, type Flow, type Origin } from './flow.ts'
import { misuse, needFunction } from './misuse.ts'
import type { Problem } from './problem.ts'
import type { StepOptions } from './step-options.ts'
import { step } from './step.ts'
import type { Stream } from './stream.ts'

/** Predicates by the name of their branch. */
export type Branches<T> = { readonly [name: string]: (value: T) => boolean } & {
  readonly rest?: Problem<"'rest' is the branch of the records that no predicate takes; choose another name">
}

/** What a predicate leaves of `T`: a type guard narrows it. */
type Narrowed<T, F> = F extends ((value: T) => value is infer U extends T) ? U : T

type Taken<T, B> = { [P in keyof B]: B[P] extends ((value: T) => value is infer U extends T) ? U : never }[keyof B]

/** A stream for each branch, and one for the rest. */
export type SplitOf<T, B> = { readonly [P in keyof B]: Stream<Narrowed<T, B[P]>> } & {
  readonly rest: Stream<Exclude<T, Taken<T, B>>>
}

/** Adds a split and its branches; the rest becomes a node when somebody reads it. */
export function split<T, const B extends Branches<T>>(
  from: Flow<T>,
  branches: B,
  stream: (from: Origin) => Stream<never>,
  options?: StepOptions,
): SplitOf<T, B> {
  const named = Object.entries(branches).map(([name, fn]) => predicate(name, fn))
  const { collector, node } = step(from, { kind: 'split', branches: Object.freeze(named) }, options)
  const branch = (index: number, name?: string) =>
    collector.add({ kind: 'branch', branch: index }, [node], name === undefined ? {} : { name })
  const streams = named.map(({ name }, index) => [name, stream({ collector, node: branch(index, name) })] as const)
  const rest = stream(lazily(collector, () => branch(-1)))
  // The names and types of the branches are those of the predicates, which entries of an object lose.
  return Object.freeze({ ...Object.fromEntries(streams), rest }) as SplitOf<T, B>
}

function predicate(name: string, fn: unknown): { readonly name: string; readonly fn: (value: never) => boolean } {
  if (name === 'rest')
    throw misuse(`split(): 'rest' is the branch of the records that no predicate takes; choose another name`)
  needFunction(fn, `split(): branch '${name}'`)
  return Object.freeze({ name, fn: fn as (value: never) => boolean })
}
