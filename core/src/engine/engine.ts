import type { Clock } from '../clock.ts'
import type { Decoder } from '../connector/codec.ts'
import type { Json } from '../connector/sink.ts'
import type { Records } from '../connector/source.ts'
import { isMillraceError, MillraceError } from '../errors.ts'
import { createOperator } from '../operators/create.ts'
import { Process } from '../operators/process.ts'
import type { OperatorHost, StatefulOperator } from '../operators/stateful.ts'
import { bestForm, type Form } from '../state/code.ts'
import { DeltaWriter, StateImage } from '../state/delta.ts'
import { batchRecords, Emitter } from '../state/emitter.ts'
import type { DeadLetter } from '../topology/dead-letter.ts'
import { nodeName, stateName } from '../topology/names.ts'
import { isStateful, type Graph, type Node, type SourceNode, type StatefulNode } from '../topology/node.ts'
import { Batch } from './batch.ts'
import { Output } from './output.ts'
import { compileEmitterStage, compileSourceStage, type SourceStage, type StageHost } from './stage.ts'
import { SourceProgress, type PartitionState } from './watermark.ts'

/** Options of {@link Engine}. */
export interface EngineOptions {
  readonly clock: Clock
  /** `generated` compiles each stage to one loop; `closures` is for where code generation is forbidden. @default what the platform allows */
  readonly form?: Form
}

/** One partition of a source, as the engine follows it. */
export type InputPartition = Readonly<PartitionState>

/** What the engine is at one instant, between batches. */
export interface EngineSnapshot {
  /** Watermarks and counters: small, written whole with every checkpoint. */
  readonly meta: Json
  /** Keyed state that changed since the last snapshot (all of it for a full one); undefined when none did. */
  readonly delta: Uint8Array | undefined
}

/** Counters of an engine since it was made. */
export interface EngineStats {
  /** Rows taken from sources. */
  readonly records: number
  readonly deadLetters: number
  /** Records dropped without a letter, as their node says `onError: 'skip'`. */
  readonly skipped: number
  /** Records that came too late for their window or for one of several, wherever they went. */
  readonly late: number
  /** Records that each node passed on, by name; for sinks and nodes with state: that it took. */
  readonly nodes: Readonly<Record<string, number>>
  /** Entries of each state, by state name. */
  readonly entries: Readonly<Record<string, number>>
  /** Watermark of each source, in ms since 1970. */
  readonly watermarks: Readonly<Record<string, number>>
}

/** Rows that wait in outputs before firing pauses. */
const fullRows = 8192

/** What a source needs to be fed. */
interface Input {
  readonly node: SourceNode
  readonly progress: SourceProgress
  readonly stage: SourceStage
  readonly decoder: Decoder<unknown> | undefined
}

/**
 * Runs a topology in memory: records in, records out, state and time in between. Synchronous, without I/O or clock of its
 * own; the runtime and the test driver both stand on it. Calls: `process` and then `advance` until it is true, again
 * and again; `snapshot` between them.
 */
export class Engine {
  /** What waits for each sink. */
  readonly outputs: readonly Output[]
  readonly #graph: Graph
  readonly #form: Form
  readonly #clock: Clock
  readonly #inputs = new Map<string, Input>()
  readonly #operators: StatefulOperator[] = []
  readonly #feeds = new Map<StatefulOperator, readonly SourceProgress[]>()
  readonly #timed: Process[] = []
  readonly #emitters: Emitter[] = []
  readonly #names: readonly string[]
  readonly #batch = new Batch()
  readonly #deadLetterStream: Emitter | undefined
  /** Nodes that read dead letters, directly or not. */
  readonly #readsLetters: ReadonlySet<Node>
  readonly #counts: Float64Array
  #firing: Generator<undefined, void> | undefined
  #deadLetters: DeadLetter[] = []
  #deadLetterCount = 0
  #skipped = 0
  #late = 0
  #records = 0
  #failure: MillraceError | undefined

  constructor(graph: Graph, options: EngineOptions) {
    this.#graph = graph
    this.#clock = options.clock
    this.#form = options.form ?? bestForm()
    this.#counts = new Float64Array(graph.nodes.length)
    this.#names = graph.nodes.map(nodeName)
    this.#readsLetters = readersOfLetters(graph)
    this.outputs = graph.sinks.map(({ name }) => new Output(name))
    const progress = new Map(graph.sources.map(({ name }) => [name, new SourceProgress(name)]))
    const { host, operatorOf } = this.#build(progress)
    for (const node of graph.sources) {
      this.#inputs.set(node.name, {
        node,
        progress: progress.get(node.name) ?? new SourceProgress(node.name),
        stage: compileSourceStage(host, node),
        decoder: node.source.codec?.decoder(),
      })
    }
    this.#deadLetterStream = this.#connect(host, operatorOf)
  }

  /** Makes the operators, and what the stages ask of them. */
  #build(progress: ReadonlyMap<string, SourceProgress>): {
    host: StageHost
    operatorOf: ReadonlyMap<Node, StatefulOperator>
  } {
    const { nodes, sinks } = this.#graph
    const consumers = consumersOf(this.#graph)
    const indexes = new Map(nodes.map((node, i) => [node, i]))
    const operatorOf = new Map<Node, StatefulOperator>()
    const feeds = new Map<Node, ReadonlySet<SourceProgress>>()
    const operatorHost: OperatorHost = {
      form: this.#form,
      full: () => this.#full(),
      refuse: (node, error, evidence) => this.#refuse(node, error, evidence),
      countLate: () => void this.#late++,
    }
    for (const node of nodes) {
      feeds.set(node, feedsOf(node, feeds, progress))
      if (!isStateful(node)) continue
      const lateRead = (consumers.get(node) ?? []).some(({ kind }) => kind === 'late')
      const operator = createOperator(operatorHost, node, stateName(node), lateRead)
      operatorOf.set(node, operator)
      this.#feeds.set(operator, [...(feeds.get(node) ?? [])])
    }
    this.#operators.push(...this.#lettersLast(operatorOf).map(([, operator]) => operator))
    this.#timed.push(...this.#operators.filter((operator) => operator instanceof Process))
    const host: StageHost = {
      form: this.#form,
      counts: this.#counts,
      consumers: (node) => consumers.get(node) ?? [],
      operator: (node: StatefulNode) => operatorOf.get(node) as StatefulOperator,
      output: (node) => this.outputs[sinks.findIndex((sink) => sink === node)] as Output,
      index: (node) => indexes.get(node) ?? 0,
      fail: (error, node, batch, at, time) => this.#fail(error, node, batch, at, time),
      tooLate: (node, batch, at, time) => this.#tooLate(node, batch, at, time),
    }
    return { host, operatorOf }
  }

  /** In order of building, but those that read dead letters behind all others, any of which may write one. */
  #lettersLast<T>(operatorOf: ReadonlyMap<Node, T>): readonly (readonly [Node, T])[] {
    const all = [...operatorOf]
    const readsLetters = ([node]: readonly [Node, T]): boolean => this.#readsLetters.has(node)
    return [...all.filter((entry) => !readsLetters(entry)), ...all.filter(readsLetters)]
  }

  /** Puts a stage behind each emitter that somebody reads. @returns the emitter of dead letters, if the topology reads them */
  #connect(host: StageHost, operatorOf: ReadonlyMap<Node, StatefulOperator>): Emitter | undefined {
    const letters = this.#graph.nodes.find(({ kind }) => kind === 'deadLetters')
    let stream: Emitter | undefined
    for (const [node, { out, late }] of this.#lettersLast(operatorOf)) {
      if (letters && this.#readsLetters.has(node))
        stream ??= this.#put(host, new Emitter(), letters, host.consumers(letters))
      if (node.kind === 'dedupe') continue
      const readers = host.consumers(node)
      this.#put(
        host,
        late,
        node,
        readers.filter(({ kind }) => kind === 'late'),
      )
      this.#put(
        host,
        out,
        node,
        readers.filter(({ kind }) => kind !== 'late'),
      )
    }
    if (letters === undefined || host.consumers(letters).length === 0) return undefined
    return stream ?? this.#put(host, new Emitter(), letters, host.consumers(letters))
  }

  #put(host: StageHost, emitter: Emitter, head: Node, readers: readonly Node[]): Emitter {
    if (readers.length > 0) emitter.connect(compileEmitterStage(host, head, readers))
    this.#emitters.push(emitter)
    return emitter
  }

  /** Partitions that were ever registered, ended ones included. */
  get partitions(): readonly InputPartition[] {
    return [...this.#inputs.values()].flatMap(({ progress }) => [...progress.partitions.values()])
  }

  /** Registers a partition of a source, or gives the one that is known. Its parents must be known. */
  addPartition(source: string, id: string, options: { readonly parents?: readonly string[] } = {}): InputPartition {
    return this.#input(source).progress.add(id, options.parents)
  }

  /** Ends a partition, and registers those that go on where it ended: one step, so that no watermark slips in between. */
  endPartition(
    partition: InputPartition,
    children: readonly { readonly id: string; readonly parents: readonly string[] }[] = [],
  ): void {
    const { progress } = this.#input(partition.source)
    for (const { id, parents } of children) progress.add(id, parents)
    this.#own(partition).ended = true
  }

  /** Says whether a partition may be passed by: its reader found nothing new for as long as the source allows. */
  setIdle(partition: InputPartition, idle: boolean): void {
    this.#own(partition).idle = idle
  }

  /** Says that a source will have no other partitions: once all have ended, every window fires. */
  setFinal(source: string): void {
    this.#input(source).progress.final = true
  }

  /**
   * Decodes and processes up to 1,024 rows from `from` on, all the way to the outputs.
   *
   * @returns the row to go on from; the number of rows when all are done
   * @throws MillraceError of a record whose node says `onError: 'fail'`; the engine is not to be used any more
   */
  process(partition: InputPartition, records: Records<unknown>, from = 0): number {
    const { stage, decoder, node } = this.#input(partition.source)
    const state = this.#own(partition)
    state.idle = false
    const batch = this.#batch
    batch.partition = state
    batch.records = records
    batch.arrival = records.arrival
    batch.base = state.count - from
    if (from === 0) for (const row of records.refused ?? []) this.#refuseRow(node, state, row)
    const to = this.#decode(batch, records, decoder, node, from)
    state.count += to - from
    this.#records += to - from
    this.#setHorizons(state)
    stage(batch, batch.length)
    this.#flush()
    return to
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

  #decode(
    batch: Batch,
    records: Records<unknown>,
    decoder: Decoder<unknown> | undefined,
    node: SourceNode,
    from: number,
  ): number {
    const { slab, values } = records
    if (slab !== undefined && decoder === undefined)
      throw new MillraceError('SOURCE', `source '${node.name}' gave bytes, but has no codec to decode them`)
    const to = Math.min(from + batchRecords, slab?.length ?? values?.length ?? 0)
    if (slab !== undefined && decoder !== undefined) {
      batch.length = decoder.decode(slab, from, to, batch.values, batch.rows, (row, error) => {
        const bytes = slab.bytes.slice(slab.starts[row], slab.ends[row])
        this.#letter(node, error, {
          source: node.name,
          partition: this.#batch.partition?.id ?? '',
          position: records.positionOf(row),
          time: undefined,
          bytes,
        })
      })
    } else if (values !== undefined) {
      for (let row = from; row < to; row++) {
        batch.values[row - from] = values[row]
        batch.rows[row - from] = row
      }
      batch.length = to - from
    } else batch.length = 0
    return to
  }

  /**
   * Takes watermarks as far as the partitions allow and fires what that makes due.
   *
   * @returns false when outputs are full: take them and call again, before anything else
   */
  advance(): boolean {
    this.#firing ??= this.#fire()
    return this.#step()
  }

  /** Fires what is due by processing time; the same answer as {@link advance}. */
  tick(now: number): boolean {
    this.#firing ??= this.#tickAll(now)
    return this.#step()
  }

  /** Processing time at which {@link tick} has something to do, in ms since 1970; Infinity for never. */
  nextTick(): number {
    let next = Infinity
    for (const operator of this.#operators) next = Math.min(next, operator.nextTick())
    return next
  }

  #step(): boolean {
    if (this.#firing?.next().done !== true) return false
    this.#firing = undefined
    return true
  }

  *#fire(): Generator<undefined, void> {
    for (const { progress } of this.#inputs.values()) progress.update()
    for (const operator of this.#operators) {
      const watermark = this.#watermarkOf(operator)
      if (watermark <= operator.watermark && !operator.pending) continue
      yield* operator.advance(Math.max(watermark, operator.watermark))
      this.#flush()
      if (this.#full()) yield
    }
  }

  *#tickAll(now: number): Generator<undefined, void> {
    for (const operator of this.#operators) {
      if (operator.nextTick() > now) continue
      yield* operator.tick(now)
      this.#flush()
      if (this.#full()) yield
    }
  }

  /** Watermark of what an operator reads: the minimum over the sources it is fed by. */
  #watermarkOf(operator: StatefulOperator): number {
    let least = Infinity
    for (const { watermark } of this.#feeds.get(operator) ?? []) if (watermark < least) least = watermark
    return least
  }

  #full(): boolean {
    return this.outputs.some(({ length }) => length >= fullRows)
  }

  #flush(): void {
    // In order of building, dead letters behind all that may write one: what one emitter's stage emits, a later one has.
    for (const emitter of this.#emitters) emitter.flush()
  }

  /** Dead letters that no stream of the topology reads, since the last call. */
  takeDeadLetters(): DeadLetter[] {
    return this.#deadLetters.splice(0)
  }

  /** Takes the state at this instant. Only when {@link advance} and {@link tick} have answered true. */
  snapshot(options: { readonly full?: boolean } = {}): EngineSnapshot {
    if (this.#firing) throw new Error('snapshot() in the middle of a firing: call advance() until it is true')
    const delta = new DeltaWriter()
    for (const operator of this.#operators) this.#write(operator, delta, options.full === true)
    return { meta: this.#meta(), delta: delta.finish() }
  }

  /** Throws what cannot be kept in state with the name of the state: there is no record left to blame. */
  #write(operator: StatefulOperator, delta: DeltaWriter, full: boolean): void {
    try {
      operator.snapshot(delta, full)
    } catch (cause) {
      const code = isMillraceError(cause) ? cause.code : 'USER_CODE'
      throw new MillraceError(code, `${operator.name}: ${messageOf(cause)}`, { cause, node: operator.name })
    }
  }

  #meta(): Json {
    const sources = [...this.#inputs.values()].map(({ progress }) => ({
      name: progress.name,
      watermark: text(progress.stored()),
      partitions: [...progress.partitions.values()].map(({ id, watermark, count, ended }) => ({
        id,
        watermark: text(watermark),
        count,
        ended,
      })),
    }))
    const states = this.#operators.map((operator) => ({
      name: operator.name,
      watermark: text(operator.storedWatermark()),
      emitted: operator.out.sequence,
      late: operator.late.sequence,
    }))
    return { sources, states, deadLetters: this.#deadLetterStream?.sequence ?? 0 }
  }

  /**
   * Takes a snapshot back into an engine that has done nothing yet. `renamed` gives the stored name of states that have
   * another name now.
   */
  restore(meta: Json, blobs: readonly Uint8Array[], renamed: ReadonlyMap<string, string> = new Map()): void {
    const { sources, states, deadLetters } = meta as unknown as StoredMeta
    if (this.#deadLetterStream) this.#deadLetterStream.sequence = deadLetters
    for (const source of sources) restoreSource(this.#inputs.get(source.name)?.progress, source)
    const image = new StateImage()
    for (const blob of blobs) for (const _ of image.apply(blob));
    for (const operator of this.#operators) {
      const name = renamed.get(operator.name) ?? operator.name
      const stored = states.find((state) => state.name === name)
      image.forEach(name, (group, key, value) => operator.restore(group, key, value))
      if (stored) {
        operator.out.sequence = stored.emitted
        operator.late.sequence = stored.late
      }
      operator.restored(stored ? Number(stored.watermark) : -Infinity)
    }
  }

  stats(): EngineStats {
    const nodes: Record<string, number> = {}
    for (const [i, name] of this.#names.entries()) nodes[name] = (nodes[name] ?? 0) + (this.#counts[i] ?? 0)
    const watermarks = Object.fromEntries(
      [...this.#inputs.values()].map(({ progress }) => [progress.name, progress.watermark]),
    )
    const entries = Object.fromEntries(this.#operators.map((operator) => [operator.name, operator.entries]))
    const [deadLetters, skipped, late] = [this.#deadLetterCount, this.#skipped, this.#late]
    return { records: this.#records, deadLetters, skipped, late, nodes, entries, watermarks }
  }

  #input(source: string): Input {
    const input = this.#inputs.get(source)
    if (input) return input
    throw new MillraceError(
      'BAD_TOPOLOGY',
      `there is no source '${source}'; there are ${[...this.#inputs.keys()].join(', ')}`,
    )
  }

  #own(partition: InputPartition): PartitionState {
    return this.#input(partition.source).progress.add(partition.id)
  }

  #refuseRow(node: SourceNode, partition: PartitionState, row: NonNullable<Records<unknown>['refused']>[number]): void {
    this.#letter(node, row.error, {
      source: node.name,
      partition: partition.id,
      position: row.position,
      time: undefined,
      bytes: row.bytes,
    })
  }

  /** A record in the middle of a stage that a node could not take. */
  #fail(error: unknown, index: number, batch: Batch | Emitter, at: number, time: number): void {
    this.#rethrowFailure(error)
    const node = this.#graph.nodes[index]
    if (node) this.#letter(node, error, this.#evidence(batch, at, time))
  }

  /** What stops the job passes through every node on its way out: none of them may take it for an error of its own. */
  #rethrowFailure(error: unknown): void {
    if (this.#failure !== undefined && error === this.#failure) throw this.#failure
  }

  #tooLate(index: number, batch: Batch | Emitter, at: number, time: number): void {
    const node = this.#graph.nodes[index]
    const error = new MillraceError(
      'LATE',
      `the record of ${new Date(time).toISOString()} came after its window was closed`,
    )
    if (node) this.#letter(node, error, this.#evidence(batch, at, time))
  }

  #refuse(
    node: StatefulNode,
    error: unknown,
    { position, time, value }: { readonly position: string; readonly time: number; readonly value: unknown },
  ): void {
    this.#rethrowFailure(error)
    const name = this.#nameOf(node)
    this.#letter(node, error, { source: name, partition: name, position, time, bytes: jsonBytes(value) })
  }

  /** Where a record of a batch came from. */
  #evidence(batch: Batch | Emitter, at: number, time: number): Evidence {
    const known = Number.isNaN(time) ? undefined : time
    if (batch instanceof Batch) {
      const row = batch.rows[at] ?? 0
      const { slab } = batch.records ?? {}
      const bytes = slab ? slab.bytes.slice(slab.starts[row], slab.ends[row]) : jsonBytes(batch.values[at])
      const { source = '', id = '' } = batch.partition ?? {}
      return { source, partition: id, position: batch.records?.positionOf(row) ?? '', time: known, bytes }
    }
    const head = this.#nameOfEmitter(batch)
    return {
      source: head,
      partition: head,
      position: `${String(batch.keys[at])}@${time}`,
      time: known,
      bytes: jsonBytes(batch.values[at]),
    }
  }

  #nameOfEmitter(emitter: Emitter): string {
    return this.#operators.find(({ out, late }) => out === emitter || late === emitter)?.name ?? 'deadLetters'
  }

  #nameOf(node: Node): string {
    return this.#names[this.#graph.nodes.indexOf(node)] ?? node.kind
  }

  /** Does with a refused record what its node says: a late one is never an error. */
  #letter(node: Node, error: unknown, evidence: Evidence): void {
    const name = this.#nameOf(node)
    const code = isMillraceError(error) ? error.code : 'USER_CODE'
    if (node.onError === 'fail' && code !== 'LATE') throw this.#stop(name, error, code, evidence)
    if (node.onError === 'skip' && code !== 'LATE') return void this.#skipped++
    this.#deadLetterCount++
    const letter: DeadLetter = { ...evidence, node: name, code, message: messageOf(error) }
    const stream = this.#deadLetterStream
    // What the readers of dead letters refuse goes to the backplane: letters about letters would never end.
    if (stream === undefined || this.#readsLetters.has(node)) this.#deadLetters.push(letter)
    else stream.push(letter, evidence.time ?? this.#clock.now(), -Infinity, evidence.partition)
  }

  #stop(node: string, cause: unknown, code: MillraceError['code'], evidence: Evidence): MillraceError {
    const { partition, position } = evidence
    const message = `${node}: ${messageOf(cause)} (partition ${partition}, position ${position}; onError is 'fail')`
    const failure = new MillraceError(code, message, { cause, node, partition, position })
    this.#failure = failure
    return failure
  }
}

type Evidence = Pick<DeadLetter, 'source' | 'partition' | 'position' | 'time' | 'bytes'>

interface StoredSource {
  readonly name: string
  readonly watermark: string
  readonly partitions: readonly {
    readonly id: string
    readonly watermark: string
    readonly count: number
    readonly ended: boolean
  }[]
}

interface StoredMeta {
  readonly sources: readonly StoredSource[]
  readonly states: readonly {
    readonly name: string
    readonly watermark: string
    readonly emitted: number
    readonly late: number
  }[]
  readonly deadLetters: number
}

/** Numbers as text: JSON has no infinities. */
const text = (value: number): string => String(value)

const utf8 = new TextEncoder()

/** What an error says. Anything can be thrown, even what has no text. */
function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error)
  } catch {
    return 'what was thrown cannot be shown'
  }
}

/** JSON of a value that is no longer at hand as bytes; what JSON cannot say is left to `String`. */
function jsonBytes(value: unknown): Uint8Array {
  try {
    return utf8.encode(
      JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item)) ?? String(value),
    )
  } catch {
    return utf8.encode(messageOf(value))
  }
}

function restoreSource(progress: SourceProgress | undefined, stored: StoredSource): void {
  if (progress === undefined) return
  progress.watermark = Number(stored.watermark)
  for (const { id, watermark, count, ended } of stored.partitions) {
    Object.assign(progress.add(id), { watermark: Number(watermark), count, ended })
  }
}

function consumersOf({ nodes }: Graph): ReadonlyMap<Node, readonly Node[]> {
  const consumers = new Map<Node, Node[]>(nodes.map((node) => [node, []]))
  for (const node of nodes) for (const input of new Set(node.inputs)) consumers.get(input)?.push(node)
  return consumers
}

function readersOfLetters({ nodes }: Graph): ReadonlySet<Node> {
  const readers = new Set<Node>()
  // Inputs come before their users.
  for (const node of nodes)
    if (node.inputs.some((input) => input.kind === 'deadLetters' || readers.has(input))) readers.add(node)
  return readers
}

/** Sources whose watermarks a node waits for; dead letters come from all of them. */
function feedsOf(
  node: Node,
  known: ReadonlyMap<Node, ReadonlySet<SourceProgress>>,
  progress: ReadonlyMap<string, SourceProgress>,
): ReadonlySet<SourceProgress> {
  if (node.kind === 'source') return new Set([...progress.values()].filter(({ name }) => name === node.name))
  if (node.kind === 'deadLetters') return new Set(progress.values())
  return new Set(node.inputs.flatMap((input) => [...(known.get(input) ?? [])]))
}
