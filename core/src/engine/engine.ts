import type { Clock } from '../clock.ts'
import type { Json } from '../connector/sink.ts'
import type { Records } from '../connector/source.ts'
import type { StatefulOperator } from '../operators/stateful.ts'
import { bestForm, type Form } from '../state/code.ts'
import { DeltaWriter, StateImage } from '../state/delta.ts'
import type { DeadLetter } from '../topology/dead-letter.ts'
import type { Graph } from '../topology/node.ts'
import type { ExchangeOutput } from './exchange-output.ts'
import { Letters } from './letters.ts'
import { Network } from './network.ts'
import type { Output } from './output.ts'
import { stateError } from './state-error.ts'
import type { StageResult } from './stage-result.ts'
import { readMeta, writeMeta } from './stored-meta.ts'
import type { PartitionState } from './watermark.ts'

/** Options of {@link Engine}. */
export interface EngineOptions {
  readonly clock: Clock
  /** `generated` compiles each stage to one loop; `closures` is for where code generation is forbidden. @default what the platform allows */
  readonly form?: Form
}

/** One partition of a source, as the engine follows it. */
export type InputPartition = Readonly<PartitionState>

/** Options of {@link Engine.addPartition}. */
export interface AddPartitionOptions {
  /** Partitions that it goes on from. @default [] */
  readonly parents?: readonly string[]
  /** Where others ended that it goes on from, in ms since 1970. @default the present watermark of the source */
  readonly watermark?: number
}

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

/**
 * Runs a topology in memory: records in, records out, state and time in between. Synchronous, without I/O or clock of its
 * own; the runtime and the test driver both stand on it. Calls: `process` and then `advance` until it is true, again
 * and again; `snapshot` between them.
 */
export class Engine {
  readonly #letters: Letters
  readonly #network: Network
  #firing: Generator<undefined, void> | undefined
  #records = 0

  constructor(graph: Graph, { clock, form = bestForm() }: EngineOptions) {
    this.#letters = new Letters(graph, clock)
    this.#network = new Network(graph, this.#letters, form)
  }

  /** What waits for each sink. */
  get outputs(): readonly Output[] {
    return this.#network.outputs
  }

  /** What waits for each exchange that this stage sends to. */
  get exchanges(): readonly ExchangeOutput[] {
    return this.#network.exchanges
  }

  /** Rows taken from sources since it was made. */
  get records(): number {
    return this.#records
  }

  /** Partitions that were ever registered, ended ones included. */
  get partitions(): readonly InputPartition[] {
    return [...this.#network.inputs.values()].flatMap(({ progress }) => [...progress.partitions.values()])
  }

  /** Registers a partition of a source, or gives the one that is known. Its parents must be known. */
  addPartition(source: string, id: string, options: AddPartitionOptions = {}): InputPartition {
    return this.#network.input(source).progress.add(id, options.parents, options.watermark)
  }

  /** Ends a partition, and registers those that go on where it ended: one step, so that no watermark slips in between. */
  endPartition(
    partition: InputPartition,
    children: readonly { readonly id: string; readonly parents: readonly string[] }[] = [],
  ): void {
    const { progress } = this.#network.input(partition.source)
    for (const { id, parents } of children) progress.add(id, parents)
    this.#own(partition).ended = true
  }

  /** Says whether a partition may be passed by: its reader found nothing new for as long as the source allows. */
  setIdle(partition: InputPartition, idle: boolean): void {
    this.#own(partition).idle = idle
  }

  /** Says that a source will have no other partitions: once all have ended, every window fires. */
  setFinal(source: string): void {
    this.#network.input(source).progress.final = true
  }

  /**
   * Decodes and processes up to 1,024 rows from `from` on, all the way to the outputs. Rows of an exchange count through all
   * frames; what was added up, and the watermark, come with the last of them.
   *
   * @returns the row to go on from; the number of rows when all are done
   * @throws MillraceError of a record whose node says `onError: 'fail'`; the engine is not to be used any more
   */
  process(partition: InputPartition, records: Records<unknown>, from = 0): number {
    const input = this.#network.input(partition.source)
    const state = this.#own(partition)
    state.idle = false
    if (from === 0) for (const row of records.refused ?? []) this.#letters.refuseRow(input.node, state.id, row)
    const to = input.intake.take(state, records, from)
    state.count += to - from
    this.#records += to - from
    this.#network.flush()
    return to
  }

  /**
   * Takes what a source stage has made elsewhere of rows that {@link process} was not given. Partitions move last, behind
   * all that was made of them.
   *
   * @throws MillraceError as {@link process} does
   */
  absorb({ exchanges, letters, partitions }: StageResult): void {
    for (const letter of letters) this.#letters.accept(letter)
    for (const [state, frames] of exchanges) this.#network.receive(state, frames)
    for (const { partition, watermark, count } of partitions) this.#move(this.#own(partition), watermark, count)
    this.#network.flush()
  }

  #move(state: PartitionState, watermark: number, count: number): void {
    this.#records += count - state.count
    if (count > state.count) state.idle = false
    state.count = count
    if (watermark > state.watermark) state.watermark = watermark
  }

  /**
   * Takes watermarks as far as the partitions allow and fires what that makes due.
   *
   * @returns false when outputs or exchanges are full: take them and call again, before anything else
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
    for (const operator of this.#network.operators) next = Math.min(next, operator.nextTick())
    return next
  }

  #step(): boolean {
    if (this.#firing?.next().done !== true) return false
    this.#firing = undefined
    return true
  }

  *#fire(): Generator<undefined, void> {
    for (const { progress } of this.#network.inputs.values()) progress.update()
    for (const operator of this.#network.operators) {
      const watermark = this.#network.watermarkOf(operator)
      if (watermark <= operator.watermark && !operator.pending) continue
      yield* operator.advance(Math.max(watermark, operator.watermark))
      this.#network.flush()
      if (this.#network.isFull) yield
    }
  }

  *#tickAll(now: number): Generator<undefined, void> {
    for (const operator of this.#network.operators) {
      if (operator.nextTick() > now) continue
      yield* operator.tick(now)
      this.#network.flush()
      if (this.#network.isFull) yield
    }
  }

  /** Dead letters that no stream of the topology reads, since the last call. */
  takeDeadLetters(): DeadLetter[] {
    return this.#letters.take()
  }

  /**
   * Takes the state at this instant. Only when {@link advance} and {@link tick} have answered true, and all that waits for
   * exchanges was taken: it belongs to the same checkpoint, and is no part of the state.
   */
  snapshot(options: { readonly full?: boolean } = {}): EngineSnapshot {
    if (this.#firing) throw new Error('snapshot() in the middle of a firing: call advance() until it is true')
    if (!this.#network.exchanges.every(({ isEmpty }) => isEmpty))
      throw new Error('snapshot() while something waits for an exchange: take rows and partials first')
    const delta = new DeltaWriter()
    for (const operator of this.#network.operators) writeState(operator, delta, options.full === true)
    return { meta: writeMeta(this.#network), delta: delta.finish() }
  }

  /**
   * Takes a snapshot back into an engine that has done nothing yet. `renamed` gives the stored name of states that have
   * another name now.
   */
  restore(meta: Json, blobs: readonly Uint8Array[], renamed: ReadonlyMap<string, string> = new Map()): void {
    const image = new StateImage()
    for (const blob of blobs) for (const _ of image.apply(blob));
    for (const operator of this.#network.operators) {
      const name = renamed.get(operator.name) ?? operator.name
      image.forEach(name, (group, key, value) => operator.restore(group, key, value))
    }
    readMeta(this.#network, meta, renamed)
  }

  stats(): EngineStats {
    const { inputs, operators, late } = this.#network
    const { count: deadLetters, skipped } = this.#letters
    const watermarks = Object.fromEntries(
      [...inputs.values()].map(({ progress }) => [progress.name, progress.watermark]),
    )
    const entries = Object.fromEntries(operators.map((operator) => [operator.name, operator.entries]))
    return { records: this.#records, deadLetters, skipped, late, nodes: this.#network.counts(), entries, watermarks }
  }

  #own(partition: InputPartition): PartitionState {
    return this.#network.input(partition.source).progress.add(partition.id)
  }
}

function writeState(operator: StatefulOperator, delta: DeltaWriter, full: boolean): void {
  try {
    operator.snapshot(delta, full)
  } catch (cause) {
    throw stateError(operator.name, cause)
  }
}
