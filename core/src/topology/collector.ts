import type { Origin } from './flow.ts'
import type { KeyedStream } from './keyed-stream.ts'
import { callerLocation } from './location.ts'
import { misuse, needFunction, type TopologyProblem } from './misuse.ts'
import type { Graph, Location, Node, OnError } from './node.ts'
import { endedWithTo, isOutlet, type Outlet, type SinkEnd } from './outlet.ts'
import type { StepOptions } from './step-options.ts'
import type { OpenWindow } from './window-options.ts'
import type { WindowedStream } from './windowed-stream.ts'

/** What is particular to a node; the collector adds the rest. */
export type Step = Particular<Node>
type Particular<N> = N extends Node ? Omit<N, 'id' | 'inputs' | 'at' | 'onError'> : never

/** The streams that a stream can turn into. Handed in, so that the files of the streams do not import in a circle. */
export interface Turns {
  keyed<T, K, KF>(from: Origin): KeyedStream<T, K, KF>
  windowed<T, KF>(from: Origin, window: OpenWindow): WindowedStream<T, KF>
}

const policies: readonly OnError[] = ['fail', 'skip', 'deadLetter']

/** Gathers the nodes of one call of `build()`, in order, and refuses more once that has returned. */
export class Collector {
  readonly turns: Turns
  readonly #job: string
  readonly #nodes: Node[] = []
  readonly #outlets = new Set<Outlet<unknown>>()
  #finished = false

  constructor(job: string, turns: Turns) {
    this.#job = job
    this.turns = turns
  }

  /** Adds a node. `id` is its index in {@link Graph.nodes}. */
  add(step: Step, inputs: readonly Node[], options: StepOptions = {}, at: Location = callerLocation()): Node {
    this.#checkOpen(step.kind, at)
    if ('fn' in step) needFunction(step.fn, `${step.kind}()`, at)
    const name = options.name === undefined ? {} : { name: options.name }
    const common = { id: this.#nodes.length, inputs: Object.freeze([...inputs]), at, onError: onErrorOf(options, at) }
    const node: Node = Object.freeze({ ...step, ...name, ...common })
    this.#nodes.push(node)
    return node
  }

  /** Takes note of a stream that ends in a sink. */
  end<T>(end: Pick<SinkEnd, 'input' | 'sink'>, options: Omit<StepOptions, 'name'> = {}): Outlet<T> {
    const at = callerLocation()
    this.#checkOpen('to', at)
    const outlet = Object.freeze({ [endedWithTo]: Object.freeze({ ...end, at, onError: onErrorOf(options, at) }) })
    this.#outlets.add(outlet)
    return outlet
  }

  /** What was gathered, with a sink node for each outlet, and what is wrong with the outlets. */
  finish(outlets: { readonly [name: string]: unknown }): {
    readonly graph: Graph
    readonly problems: TopologyProblem[]
  } {
    const problems = [...this.#endIn(outlets), ...this.#unreturned(Object.values(outlets))]
    this.#finished = true
    const nodes = Object.freeze([...this.#nodes])
    const sources = Object.freeze(nodes.filter((node) => node.kind === 'source'))
    const sinks = Object.freeze(nodes.filter((node) => node.kind === 'sink'))
    return { graph: Object.freeze({ name: this.#job, nodes, sources, sinks }), problems }
  }

  *#endIn(outlets: { readonly [name: string]: unknown }): Iterable<TopologyProblem> {
    const names = new Map<unknown, string>()
    for (const [name, outlet] of Object.entries(outlets)) {
      const first = names.get(outlet)
      if (!isOutlet(outlet)) yield { message: `build() must return sinks: end '${name}' with .to(sink)`, at: '' }
      else if (first === undefined) this.#endAs(name, outlet)
      else yield { message: twice(first, name), at: outlet[endedWithTo].at }
      names.set(outlet, name)
    }
  }

  #endAs(name: string, outlet: Outlet<unknown>): void {
    const { input, sink, at, onError } = outlet[endedWithTo]
    this.add({ kind: 'sink', name, sink }, [input], { onError }, at)
  }

  *#unreturned(returned: readonly unknown[]): Iterable<TopologyProblem> {
    for (const outlet of this.#outlets) {
      if (returned.includes(outlet)) continue
      yield {
        message: `to() ends in a sink that build() does not return: return it under a name`,
        at: outlet[endedWithTo].at,
      }
    }
  }

  #checkOpen(call: string, at: Location): void {
    if (this.#finished) throw misuse(`${call}() comes too late: a topology is described inside build() only`, at)
  }
}

const twice = (first: string, second: string): string =>
  `the sinks '${first}' and '${second}' are one: call to() twice, or return it under one name`

function onErrorOf({ onError = 'deadLetter' }: StepOptions, at: Location): OnError {
  if (policies.includes(onError)) return onError
  throw misuse(`onError is one of 'fail', 'skip' and 'deadLetter', not ${JSON.stringify(onError)}`, at)
}
