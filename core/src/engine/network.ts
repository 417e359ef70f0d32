import type { ReceivedFrames } from '../connector/exchange-rows.ts'
import { MillraceError } from '../errors.ts'
import { createOperator } from '../operators/create.ts'
import { Process } from '../operators/process.ts'
import type { OperatorHost, StatefulOperator } from '../operators/stateful.ts'
import type { Form } from '../state/code.ts'
import { Emitter } from '../state/emitter.ts'
import { nodeName, stateName } from '../topology/names.ts'
import {
  isStateful,
  type Graph,
  type Node,
  type SendNode,
  type SourceNode,
  type StatefulNode,
} from '../topology/node.ts'
import { ExchangeIntake } from './exchange-intake.ts'
import { ExchangeWriter } from './exchange-output.ts'
import type { Intake } from './intake.ts'
import type { Letters } from './letters.ts'
import { Output } from './output.ts'
import { SourceIntake } from './source-intake.ts'
import { compileEmitterStage, compileReceiveStage, compileSourceStage } from './stage.ts'
import type { StageHost } from './stage-host.ts'
import { SourceProgress, type PartitionState } from './watermark.ts'

/** Rows that wait in outputs before firing pauses. */
const fullRows = 8192

/** A source as it is fed. */
export interface Input {
  readonly node: SourceNode
  readonly progress: SourceProgress
  readonly intake: Intake
}

/** A topology as it runs: operators and outputs, and between them stages compiled to loops. */
export class Network {
  readonly inputs: ReadonlyMap<string, Input>
  readonly outputs: readonly Output[]
  readonly exchanges: readonly ExchangeWriter[]
  /** In order of building, those that read dead letters behind all others, any of which may write one. */
  readonly operators: readonly StatefulOperator[]
  /** The stream of dead letters, if the topology reads it. */
  readonly letterStream: Emitter | undefined
  readonly #graph: Graph
  readonly #letters: Letters
  readonly #consumers: ReadonlyMap<Node, readonly Node[]>
  readonly #operatorOf: ReadonlyMap<Node, StatefulOperator>
  readonly #writerOf: ReadonlyMap<Node, ExchangeWriter>
  readonly #feeds: ReadonlyMap<StatefulOperator, readonly SourceProgress[]>
  readonly #timed: readonly Process[]
  readonly #emitters: Emitter[] = []
  readonly #counts: Float64Array
  readonly #host: StageHost
  readonly #receivers = new Map<string, ExchangeIntake>()
  /** Records that came too late for a window, wherever they went. */
  late = 0

  constructor(graph: Graph, letters: Letters, form: Form) {
    this.#graph = graph
    this.#letters = letters
    this.#counts = new Float64Array(graph.nodes.length)
    this.#consumers = consumersOf(graph)
    this.outputs = graph.sinks.map(({ name }) => new Output(name))
    this.#writerOf = new Map(sendsOf(graph).map((node) => [node, new ExchangeWriter(form, node)]))
    this.exchanges = [...this.#writerOf.values()]
    const progress = new Map(graph.sources.map(({ name }) => [name, new SourceProgress(name)]))
    this.#operatorOf = this.#makeOperators(form)
    this.operators = [...this.#operatorOf.values()]
    this.#feeds = this.#feedsOf(progress)
    this.#timed = this.operators.filter((operator) => operator instanceof Process)
    const host = this.#stageHost(form)
    this.#host = host
    this.inputs = new Map([...progress].map(([name, of]) => [name, this.#makeInput(host, of)]))
    this.letterStream = this.#connectAll(host)
    if (this.letterStream) letters.sendTo(this.letterStream)
  }

  /** The input of a source; throws when the topology has none of that name. */
  input(source: string): Input {
    const input = this.inputs.get(source)
    if (input) return input
    const known = [...this.inputs.keys()].join(', ')
    throw new MillraceError('BAD_TOPOLOGY', `there is no source '${source}'; there are ${known}`)
  }

  /** True when sinks have enough to write, or exchanges to send. */
  get isFull(): boolean {
    return this.outputs.some(({ length }) => length >= fullRows) || this.exchanges.some(({ rows }) => rows >= fullRows)
  }

  /** Runs the stages behind what operators have emitted, each before those that it may emit to. */
  flush(): void {
    for (const emitter of this.#emitters) emitter.flush()
  }

  /** Gives a window what was sent for it by a stage that runs elsewhere. */
  receive(state: string, exchange: ReceivedFrames): void {
    const receiver = this.#receivers.get(state) ?? this.#makeReceiver(state)
    receiver.takeAll(exchange, () => this.flush())
  }

  /** Watermark of what an operator reads: the minimum over the sources it is fed by. */
  watermarkOf(operator: StatefulOperator): number {
    let least = Infinity
    for (const { watermark } of this.#feeds.get(operator) ?? []) if (watermark < least) least = watermark
    return least
  }

  /** Tells operators with timers how far the rest of their input is, so that timers fire between records of one batch. */
  #setHorizons(partition: PartitionState): void {
    for (const operator of this.#timed) {
      let least = Infinity
      for (const feed of this.#feeds.get(operator) ?? []) {
        least = Math.min(least, feed.name === partition.source ? feed.without(partition) : feed.watermark)
      }
      operator.horizon = least
    }
  }

  /** Records that each node passed on, by name. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const [i, node] of this.#graph.nodes.entries()) {
      const name = nodeName(node)
      const passed = node.kind === 'deadLetters' ? (this.letterStream?.sequence ?? 0) : (this.#counts[i] ?? 0)
      counts[name] = (counts[name] ?? 0) + passed
    }
    return counts
  }

  #makeInput(host: StageHost, progress: SourceProgress): Input {
    const node = this.#graph.sources.find(({ name }) => name === progress.name) as SourceNode
    const intake = node.receives ? this.#exchangeIntake(host, node) : this.#sourceIntake(host, node)
    return { node, progress, intake }
  }

  #sourceIntake(host: StageHost, node: SourceNode): Intake {
    const setHorizons = (partition: PartitionState): void => this.#setHorizons(partition)
    return new SourceIntake(node, compileSourceStage(host, node), this.#letters, setHorizons)
  }

  /** What stands behind an exchange is the only one of its stage that keeps state. */
  #exchangeIntake(host: StageHost, head: SourceNode): Intake {
    const operator = this.operators[0] as StatefulOperator
    const setHorizon = (watermark: number): void => {
      for (const timed of this.#timed) timed.horizon = watermark
    }
    return new ExchangeIntake(head.name, compileReceiveStage(host, head, operator.node), operator, setHorizon)
  }

  /** Timers need no horizon: what a window is given here it emits when the watermark moves, not before. */
  #makeReceiver(state: string): ExchangeIntake {
    const operator = this.operators.find(({ name }) => name === state)
    const [head] = this.#graph.sources
    if (operator?.merge === undefined || head === undefined) throw new Error(`there is no window '${state}'`)
    const stage = compileReceiveStage(this.#host, head, operator.node)
    const receiver = new ExchangeIntake(state, stage, operator, () => {})
    this.#receivers.set(state, receiver)
    return receiver
  }

  #makeOperators(form: Form): ReadonlyMap<Node, StatefulOperator> {
    const host: OperatorHost = {
      form,
      full: () => this.isFull,
      refuse: (node, error, evidence) => this.#letters.refuse(node, error, evidence),
      countLate: () => void this.late++,
    }
    const stateful = this.#graph.nodes.filter(isStateful)
    const isReader = (node: Node): boolean => this.#letters.isReader(node)
    const ordered = [...stateful.filter((node) => !isReader(node)), ...stateful.filter(isReader)]
    return new Map(
      ordered.map((node) => {
        const lateRead = this.#readers(node).some(({ kind }) => kind === 'late')
        return [node, createOperator(host, node, stateName(node), lateRead)]
      }),
    )
  }

  /** Sources whose watermarks an operator waits for; dead letters come from all of them. */
  #feedsOf(progress: ReadonlyMap<string, SourceProgress>): ReadonlyMap<StatefulOperator, readonly SourceProgress[]> {
    const of = new Map<Node, ReadonlySet<SourceProgress>>()
    for (const node of this.#graph.nodes) {
      const own = node.kind === 'source' ? progress.get(node.name) : undefined
      const all = node.kind === 'deadLetters' ? [...progress.values()] : own ? [own] : []
      of.set(node, new Set([...all, ...node.inputs.flatMap((input) => [...(of.get(input) ?? [])])]))
    }
    return new Map([...this.#operatorOf].map(([node, operator]) => [operator, [...(of.get(node) ?? [])]]))
  }

  #stageHost(form: Form): StageHost {
    const indexes = new Map(this.#graph.nodes.map((node, i) => [node, i]))
    const outputs = new Map<Node, Output | undefined>(this.#graph.sinks.map((sink, i) => [sink, this.outputs[i]]))
    return {
      form,
      counts: this.#counts,
      consumers: (node) => this.#readers(node),
      operator: (node: StatefulNode) => this.#operatorOf.get(node) as StatefulOperator,
      output: (node) => outputs.get(node) as Output,
      exchange: (node) => this.#writerOf.get(node) as ExchangeWriter,
      index: (node) => indexes.get(node) ?? 0,
      fail: (error, node, batch, at, time) => this.#letters.fail(error, node, batch, at, time),
      tooLate: (node, batch, at, time) => this.#letters.tooLate(node, batch, at, time),
    }
  }

  /** Puts a stage behind each emitter. @returns that of dead letters, if the topology reads them */
  #connectAll(host: StageHost): Emitter | undefined {
    const letters = this.#graph.nodes.find(({ kind }) => kind === 'deadLetters')
    const isRead = letters !== undefined && this.#readers(letters).length > 0
    let stream: Emitter | undefined
    for (const [node, operator] of this.#operatorOf) {
      if (isRead && this.#letters.isReader(node)) stream ??= this.#connect(host, new Emitter(), letters)
      this.#connectOperator(host, node, operator)
    }
    return isRead ? (stream ?? this.#connect(host, new Emitter(), letters)) : undefined
  }

  #connectOperator(host: StageHost, node: Node, { name, out, late }: StatefulOperator): void {
    // What dedupe lets through stays within its stage.
    if (node.kind === 'dedupe') return
    const readers = this.#readers(node)
    for (const emitter of [late, out]) {
      this.#letters.nameHead(emitter, name)
      const isLate = emitter === late
      this.#connect(
        host,
        emitter,
        node,
        readers.filter(({ kind }) => (kind === 'late') === isLate),
      )
    }
  }

  #connect(host: StageHost, emitter: Emitter, head: Node, readers: readonly Node[] = this.#readers(head)): Emitter {
    if (readers.length > 0) emitter.connect(compileEmitterStage(host, head, readers))
    this.#emitters.push(emitter)
    return emitter
  }

  #readers(node: Node): readonly Node[] {
    return this.#consumers.get(node) ?? []
  }
}

const sendsOf = ({ nodes }: Graph): readonly SendNode[] => nodes.filter((node) => node.kind === 'send')

function consumersOf({ nodes }: Graph): ReadonlyMap<Node, readonly Node[]> {
  const consumers = new Map<Node, Node[]>(nodes.map((node) => [node, []]))
  for (const node of nodes) for (const input of new Set(node.inputs)) consumers.get(input)?.push(node)
  return consumers
}
