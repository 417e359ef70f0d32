import { durationMs, type Duration } from '../duration.ts'
import { Engine } from '../engine/engine.ts'
import type { Json } from '../connector/sink.ts'
import type { Secret, Shape } from '../fields.ts'
import { bestForm, type Form } from '../state/code.ts'
import type { DeadLetter } from '../topology/dead-letter.ts'
import type { Graph } from '../topology/node.ts'
import { closedSecret, isSecret } from '../topology/param-secret.ts'
import { resolveParams } from '../topology/params.ts'
import type { Topology } from '../topology/topology.ts'
import { incidentOf, recordOf, type Scripted } from './script.ts'

/** Options of {@link drive}. */
export interface DriveOptions<P> {
  /** Values of the parameters; secrets may be left out. */
  readonly set?: { readonly [N in keyof P]?: unknown }
  /** Freeze records, so that a function which changes one fails. @default true */
  readonly freeze?: boolean
  /** Run the stages as generated loops or as closures. @default what the platform allows */
  readonly form?: Form
}

/** What came out: the records of each sink by name, in order, and the dead letters that no stream reads. */
export type Outputs<O> = { readonly [N in keyof O]: readonly O[N][] } & { readonly deadLetters: readonly DeadLetter[] }

/** Feeds a topology and shows what it gives, in one thread and virtual time. Sources and sinks are not connected. */
export interface Driver<S, O> {
  /** Gives records to a source, in order, and takes a checkpoint. */
  send<N extends keyof S & string>(source: N, ...script: readonly Scripted<NoInfer<S[N]>>[]): Promise<void>
  /** The same to a partition of the source. @default partition 'test' */
  sendTo<N extends keyof S & string>(
    source: N,
    partition: string,
    ...script: readonly Scripted<NoInfer<S[N]>>[]
  ): Promise<void>
  /** Lets processing time pass: idle partitions, processing-time timers and early firings. */
  advance(time: Duration): Promise<void>
  /** What the checkpoints so far have made visible. */
  committed(): Outputs<O>
  /** Ends all sources, so that every window fires, and gives all output. */
  finish(): Promise<Outputs<O>>
}

/** Something that was done since the last checkpoint, to be done again after a crash. */
type Action = (run: Run) => void

/** One life of the worker. */
class Run {
  readonly engine: Engine
  readonly graph: Graph
  readonly clock: { time: number; now(): number }
  readonly outputs: Record<string, unknown[]>
  readonly deadLetters: DeadLetter[] = []
  readonly #lastRead = new Map<string, number>()

  constructor(graph: Graph, form: Form, time: number, image: Image) {
    this.graph = graph
    this.clock = { time, now: () => this.clock.time }
    this.engine = new Engine(graph, { clock: this.clock, form })
    this.outputs = Object.fromEntries(graph.sinks.map(({ name }) => [name, []]))
    for (const [partition, read] of image.lastRead) this.#lastRead.set(partition, read)
    if (image.meta !== undefined) this.engine.restore(image.meta, image.blobs)
  }

  read(source: string, partition: string, value: unknown, time: number | undefined): void {
    if (time !== undefined && time > this.clock.time) this.pass(time - this.clock.time)
    const input = this.engine.addPartition(source, partition)
    const hasTime = this.graph.sources.find(({ name }) => name === source)?.eventTime !== undefined
    const arrival = time ?? (hasTime ? Infinity : this.clock.time)
    const position = String(input.count)
    const meta = { partition, arrival }
    this.engine.process(input, {
      type: 'records',
      values: [value],
      arrival,
      position,
      positionOf: () => position,
      metaOf: () => meta,
    })
    this.#lastRead.set(`${source}/${partition}`, this.clock.time)
    this.#drain((engine) => engine.advance())
  }

  pass(ms: number): void {
    this.clock.time += ms
    for (const partition of this.engine.partitions) {
      const idleAfterMs = this.graph.sources.find(({ name }) => name === partition.source)?.idleAfterMs ?? Infinity
      const silentMs = this.clock.time - (this.#lastRead.get(`${partition.source}/${partition.id}`) ?? 0)
      if (silentMs >= idleAfterMs) this.engine.setIdle(partition, true)
    }
    this.#drain((engine) => engine.advance())
    this.#drain((engine) => engine.tick(this.clock.time))
  }

  end(): void {
    for (const partition of this.engine.partitions) this.engine.endPartition(partition)
    for (const { name } of this.graph.sources) this.engine.setFinal(name)
    this.#drain((engine) => engine.advance())
  }

  image(before: Image): Image {
    const { meta, delta } = this.engine.snapshot()
    return { meta, blobs: delta ? [...before.blobs, delta] : before.blobs, lastRead: [...this.#lastRead] }
  }

  #drain(step: (engine: Engine) => boolean): void {
    for (let done = false; !done;) {
      done = step(this.engine)
      for (const output of this.engine.outputs) this.outputs[output.sink]?.push(...(output.take()?.values ?? []))
      this.deadLetters.push(...this.engine.takeDeadLetters())
    }
  }
}

/** What a checkpoint keeps. */
interface Image {
  readonly meta: Json | undefined
  readonly blobs: readonly Uint8Array[]
  readonly lastRead: readonly (readonly [string, number])[]
}

class ScriptDriver<S, O> implements Driver<S, O> {
  readonly #graph: Graph
  readonly #form: Form
  readonly #freeze: boolean
  readonly #committed: Record<string, unknown[]>
  readonly #deadLetters: DeadLetter[] = []
  #image: Image = { meta: undefined, blobs: [], lastRead: [] }
  #time = 0
  #actions: Action[] = []
  #finished = false
  #run: Run

  constructor(graph: Graph, options: DriveOptions<unknown>) {
    this.#graph = graph
    this.#form = options.form ?? bestForm()
    this.#freeze = options.freeze ?? true
    this.#committed = Object.fromEntries(graph.sinks.map(({ name }) => [name, []]))
    this.#run = this.#start()
  }

  send<N extends keyof S & string>(source: N, ...script: readonly Scripted<NoInfer<S[N]>>[]): Promise<void> {
    return this.sendTo(source, 'test', ...script)
  }

  async sendTo<N extends keyof S & string>(
    source: N,
    partition: string,
    ...script: readonly Scripted<NoInfer<S[N]>>[]
  ): Promise<void> {
    this.#checkGoing('send()')
    for (const item of script) {
      const incident = incidentOf(item)
      if (incident === 'crash') this.#crash()
      else if (incident === 'checkpoint') this.#checkpoint()
      else {
        const { value, time } = recordOf(item)
        if (this.#freeze) deepFreeze(value, new Set())
        this.#act((run) => run.read(source, partition, value, time))
      }
    }
    this.#checkpoint()
  }

  async advance(time: Duration): Promise<void> {
    this.#checkGoing('advance()')
    const ms = durationMs(time, 'advance()')
    this.#act((run) => run.pass(ms))
    this.#checkpoint()
  }

  committed(): Outputs<O> {
    const copies = Object.entries(this.#committed).map(([sink, values]) => [sink, [...values]])
    return { ...Object.fromEntries(copies), deadLetters: [...this.#deadLetters] } as Outputs<O>
  }

  async finish(): Promise<Outputs<O>> {
    this.#finished = true
    this.#act((run) => run.end())
    this.#checkpoint()
    return this.committed()
  }

  #checkGoing(call: string): void {
    if (this.#finished) throw new Error(`${call} comes after finish(), which has ended all sources: call drive() again`)
  }

  #act(action: Action): void {
    this.#actions.push(action)
    action(this.#run)
  }

  #start(): Run {
    return new Run(this.#graph, this.#form, this.#time, this.#image)
  }

  #crash(): void {
    this.#run = this.#start()
    for (const action of this.#actions) action(this.#run)
  }

  #checkpoint(): void {
    const run = this.#run
    this.#image = run.image(this.#image)
    this.#time = run.clock.time
    this.#actions = []
    for (const [sink, values] of Object.entries(run.outputs)) this.#committed[sink]?.push(...values.splice(0))
    this.#deadLetters.push(...run.deadLetters.splice(0))
  }
}

/**
 * Runs a topology in a test: records in by hand, records out to compare, no clock, no network.
 *
 * @example
 * ```ts
 * const driver = drive(wordCounts)
 * await driver.send('words', at('0s', 'a'), crash(), at('4s', 'a'))
 * expect(await driver.finish()).toMatchObject({ counts: [{ key: 'a', start: 0, end: 10_000, n: 2 }] })
 * ```
 */
export function drive<P, S, O>(topology: Topology<P, S, O>, options: DriveOptions<P> = {}): Driver<S, O> {
  const params = resolveParams(topology.params, { set: { ...closedSecrets(topology.params), ...options.set } })
  return new ScriptDriver<S, O>(topology.graph(params as P), options)
}

/** Nothing connects, so nobody needs the secrets of a topology in a test. */
const closedSecrets = (params: Shape): Readonly<Record<string, Secret>> =>
  Object.fromEntries(
    Object.entries(params)
      .filter(([, field]) => isSecret(field))
      .map(([name]) => [name, closedSecret(name)]),
  )

/** Freezes all the way down, through what is frozen already. */
function deepFreeze(value: unknown, seen: Set<object>): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) return
  seen.add(value)
  Object.freeze(value)
  for (const inner of Object.values(value)) deepFreeze(inner, seen)
}
