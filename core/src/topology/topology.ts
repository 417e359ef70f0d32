import { MillraceError } from '../errors.ts'
import type { OfShape, Shape } from '../fields.ts'
import { Collector, type Turns } from './collector.ts'
import type { DeadLetter } from './dead-letter.ts'
import { explain, type ExplainFormat } from './explain.ts'
import { lazily } from './flow.ts'
import type { SourceDefinition } from './from.ts'
import { KeyedStream } from './keyed-stream.ts'
import { misuse, needFunction, problemText } from './misuse.ts'
import type { Graph } from './node.ts'
import type { Outlet } from './outlet.ts'
import { checkParams, describingParams } from './params.ts'
import type { Problem } from './problem.ts'
import { Stream } from './stream.ts'
import { validate } from './validate.ts'
import { WindowedStream } from './windowed-stream.ts'

/**
 * A finished topology: immutable data, not a running thing. `P` are its parameters; `S` and `O` the record types of its
 * sources and sinks, by name.
 */
export interface Topology<out P, out S, out O> {
  /** Name of the job. */
  readonly name: string
  readonly params: Shape
  /** Its nodes for these parameters. Throws BAD_TOPOLOGY with everything that is wrong. Connects nothing. */
  graph(params: P): Graph
  /** The plan as people read it. Without a parameter that has no default, text stands as `<name>`. @default format 'text' */
  explain(params?: Partial<P>, format?: ExplainFormat): string
  readonly _types?: { readonly params: P; readonly sources: S; readonly outputs: O }
}

interface Definitions {
  readonly [name: string]: SourceDefinition<unknown>
}

/** Sources by name. */
export type SourceDefinitions = Definitions & {
  readonly deadLetters?: Problem<"'deadLetters' is the topology's own stream; choose another name">
}

/** Outlets by the name of the sink. */
export interface Outlets {
  readonly [name: string]: Outlet<unknown>
}

type RecordsOf<R> = { readonly [P in keyof R]: R[P] extends SourceDefinition<infer T> ? T : never }
type OutputsOf<R> = { readonly [P in keyof R]: R[P] extends Outlet<infer T> ? T : never }

/** What `build()` is given: a stream for each source, and all dead letters of the topology. */
export type Inputs<S> = { readonly [P in keyof S]: Stream<S[P]> } & {
  /** Records that some step refused. Unread, the backplane keeps them. */
  readonly deadLetters: Stream<DeadLetter>
}

/** A topology that has a name and parameters. */
export interface DraftOfSources<P> {
  /** Names the sources: `(p) => ({ clicks: from(…) })`. */
  sources<const R extends SourceDefinitions>(make: (params: P) => R): DraftOfSteps<P, RecordsOf<R>>
}

/** A topology that has a name. */
export interface Draft extends DraftOfSources<{}> {
  /** Declares what is given at start, by `--set`, the environment or a default. */
  params<const Q extends Shape>(shape: Q): DraftOfSources<OfShape<Q>>
}

/** A topology that lacks its steps. */
export interface DraftOfSteps<P, S> {
  /**
   * Describes the steps from the sources to the sinks and names the sinks: `({ clicks }) => ({ views: ….to(sink) })`.
   * The function only describes and may be called several times. Without parameters it is called at once, so that
   * mistakes show here.
   */
  build<const R extends Outlets>(make: (inputs: Inputs<S>, params: P) => R): Topology<P, S, OutputsOf<R>>
}

/** Begins a topology: `topology('page-views').params(…).sources(…).build(…)`. The name is that of the job. */
export function topology(name: string): Draft {
  return Object.freeze({
    params<const Q extends Shape>(shape: Q): DraftOfSources<OfShape<Q>> {
      checkParams(shape)
      return draftOfSources<OfShape<Q>>(name, Object.freeze({ ...shape }))
    },
    ...draftOfSources<{}>(name, Object.freeze({})),
  })
}

function draftOfSources<P>(name: string, params: Shape): DraftOfSources<P> {
  return Object.freeze({
    sources<const R extends SourceDefinitions>(sources: (params: P) => R): DraftOfSteps<P, RecordsOf<R>> {
      needFunction(sources, 'sources()')
      return draftOfSteps({ name, params, sources })
    },
  })
}

interface Described<P> {
  readonly name: string
  readonly params: Shape
  readonly sources: (params: P) => Definitions
}

function draftOfSteps<P, S>(draft: Described<P>): DraftOfSteps<P, S> {
  return Object.freeze({
    build<const R extends Outlets>(steps: (inputs: Inputs<S>, params: P) => R): Topology<P, S, OutputsOf<R>> {
      needFunction(steps, 'build()')
      const { name, params } = draft
      const graph = (values: P): Graph => buildGraph(draft, steps, values)
      const describe = (values: Partial<P> = {}, format: ExplainFormat = 'text'): string =>
        explain(graph(describingParams(params, values) as P), format)
      if (Object.keys(params).length === 0) graph({} as P)
      return Object.freeze({ name, params, graph, explain: describe })
    },
  })
}

function buildGraph<P, S>(draft: Described<P>, steps: (inputs: Inputs<S>, params: P) => Outlets, params: P): Graph {
  const collector = new Collector(draft.name, turns)
  const inputs = inputsOf<S>(collector, record(draft.sources(params), 'sources()'))
  const { graph, problems } = collector.finish(record(steps(inputs, params), 'build()'))
  const all = [...problems, ...validate(graph)].map((problem) => `\n  - ${problemText(problem)}`)
  if (all.length > 0) throw new MillraceError('BAD_TOPOLOGY', `topology '${draft.name}' cannot run:${all.join('')}`)
  return graph
}

const turns: Turns = {
  keyed: (from) => new KeyedStream(from),
  windowed: (from, window) => new WindowedStream(from, window),
}

function inputsOf<S>(collector: Collector, sources: Definitions): Inputs<S> {
  const streams = Object.entries(sources).map(([name, definition]) => [name, sourceStream(collector, name, definition)])
  const deadLetters = new Stream<DeadLetter>(
    lazily(collector, () => collector.add({ kind: 'deadLetters', name: 'deadLetters' }, [])),
  )
  // Entries of an object lose which type belongs to which name.
  return Object.freeze({ ...Object.fromEntries(streams), deadLetters }) as Inputs<S>
}

function sourceStream(collector: Collector, name: string, definition: SourceDefinition<unknown>): Stream<unknown> {
  if (typeof definition?.source !== 'object') throw misuse(`sources(): '${name}' must be from(source, { … })`)
  const { at, onError, ...source } = definition
  return new Stream({ collector, node: collector.add({ kind: 'source', name, ...source }, [], { onError }, at) })
}

/** What a user's function returned, which may have been a promise or nothing. */
function record<R extends object>(returned: R, call: string): R {
  if (typeof returned === 'object' && returned !== null && !('then' in returned)) return returned
  throw misuse(`the function given to ${call} must return an object of names, at once`)
}
