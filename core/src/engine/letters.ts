import type { Clock } from '../clock.ts'
import type { RefusedRow, Records } from '../connector/source.ts'
import { isMillraceError, MillraceError } from '../errors.ts'
import type { Emitter } from '../state/emitter.ts'
import type { DeadLetter } from '../topology/dead-letter.ts'
import { readersOfLetters } from '../topology/letter-readers.ts'
import { nodeName } from '../topology/names.ts'
import type { Graph, Node, SourceNode, StatefulNode } from '../topology/node.ts'
import { Batch } from './batch.ts'
import { ReceivedBatch } from './received-batch.ts'
import type { StageBatch } from './stage-host.ts'

/** Where a refused record came from, and what it was. */
type Evidence = Pick<DeadLetter, 'source' | 'partition' | 'position' | 'time' | 'bytes'>

/**
 * Deals with every record that a node could not take, by the policy of the node: a dead letter, nothing, or the end of the job. Letters go to the
 * stream of the topology that reads them, else they wait to be taken.
 */
export class Letters {
  readonly #graph: Graph
  readonly #clock: Clock
  readonly #heads = new Map<Emitter, string>()
  /** Nodes that read dead letters, directly or not. */
  readonly #readers: ReadonlySet<Node>
  #stream: Emitter | undefined
  #waiting: DeadLetter[] = []
  #failure: MillraceError | undefined
  /** Letters since the engine was made. */
  count = 0
  /** Records dropped as their node says. */
  skipped = 0

  constructor(graph: Graph, clock: Clock) {
    this.#graph = graph
    this.#clock = clock
    this.#readers = readersOfLetters(graph.nodes)
  }

  /** True for nodes behind `deadLetters`. */
  isReader(node: Node): boolean {
    return this.#readers.has(node)
  }

  /** Sends letters to this emitter from now on. */
  sendTo(stream: Emitter): void {
    this.#stream = stream
  }

  /** Says which state's output an emitter holds, for the records that a stage behind it refuses. */
  nameHead(emitter: Emitter, name: string): void {
    this.#heads.set(emitter, name)
  }

  /** Letters that no stream reads, since the last call. */
  take(): DeadLetter[] {
    return this.#waiting.splice(0)
  }

  /** A part of a source's input that is no record. */
  refuseRow(node: SourceNode, partition: string, { error, position, bytes }: RefusedRow): void {
    this.#write(node, error, { source: node.name, partition, position, time: undefined, bytes })
  }

  /** A row that its codec does not decode. */
  undecodable(node: SourceNode, records: Records<unknown>, row: number, error: unknown): void {
    const { slab } = records
    const bytes = slab?.bytes.slice(slab.starts[row], slab.ends[row]) ?? new Uint8Array()
    this.refuseRow(node, records.metaOf(row).partition, { error, position: records.positionOf(row), bytes })
  }

  /** A record of a batch that a node could not take. */
  fail(error: unknown, index: number, batch: StageBatch, at: number, time: number): void {
    this.#rethrow(error)
    const node = this.#graph.nodes[index]
    if (node) this.#write(node, error, this.#evidence(batch, at, time))
  }

  /** A record of a batch that came too late for a node, and that nothing reads as `late`. */
  tooLate(index: number, batch: StageBatch, at: number, time: number): void {
    const node = this.#graph.nodes[index]
    const when = new Date(time).toISOString()
    const error = new MillraceError('LATE', `the record of ${when} came after its window was closed`)
    if (node) this.#write(node, error, this.#evidence(batch, at, time))
  }

  /** A firing that could not be computed. */
  refuse(
    node: StatefulNode,
    error: unknown,
    { position, time, value }: { readonly position: string; readonly time: number; readonly value: unknown },
  ): void {
    this.#rethrow(error)
    const name = nodeName(node)
    this.#write(node, error, { source: name, partition: name, position, time, bytes: jsonBytes(value) })
  }

  /** What stops the job passes through every node on its way out: none of them may take it for an error of its own. */
  #rethrow(error: unknown): void {
    if (this.#failure !== undefined && error === this.#failure) throw this.#failure
  }

  #evidence(batch: StageBatch, at: number, time: number): Evidence {
    const known = Number.isNaN(time) ? undefined : time
    if (batch instanceof Batch) {
      const row = batch.rows[at] ?? 0
      const { slab } = batch.records ?? {}
      const bytes = slab ? slab.bytes.slice(slab.starts[row], slab.ends[row]) : jsonBytes(batch.values[at])
      // Asked of the records: those of a redrive come from a partition that is not the one they are fed as.
      const partition = batch.records?.metaOf(row).partition ?? ''
      const position = batch.records?.positionOf(row) ?? ''
      return { source: batch.partition?.source ?? '', partition, position, time: known, bytes }
    }
    const head = batch instanceof ReceivedBatch ? batch.name : (this.#heads.get(batch) ?? 'deadLetters')
    const partition = batch instanceof ReceivedBatch ? (batch.places[at] ?? '') : head
    const position = `${String(batch.keys[at])}@${time}`
    return { source: head, partition, position, time: known, bytes: jsonBytes(batch.values[at]) }
  }

  /** A late record is never an error, whatever its node says. */
  #write(node: Node, error: unknown, evidence: Evidence): void {
    const code = isMillraceError(error) ? error.code : 'USER_CODE'
    if (node.onError === 'fail' && code !== 'LATE') throw this.#stop(node, error, code, evidence)
    if (node.onError === 'skip' && code !== 'LATE') return void this.skipped++
    const letter: DeadLetter = { ...evidence, node: nodeName(node), code, message: messageOf(error) }
    this.accept(letter, this.isReader(node))
  }

  /** Keeps a letter. What the readers of letters refuse goes to the backplane: letters about letters would never end. */
  accept(letter: DeadLetter, isOfReader = false): void {
    this.count++
    if (this.#stream === undefined || isOfReader) this.#waiting.push(letter)
    else this.#stream.push(letter, letter.time ?? this.#clock.now(), -Infinity, letter.partition)
  }

  #stop(node: Node, cause: unknown, code: MillraceError['code'], { partition, position }: Evidence): MillraceError {
    const name = nodeName(node)
    const message = `${name}: ${messageOf(cause)} (partition ${partition}, position ${position}; onError is 'fail')`
    this.#failure = new MillraceError(code, message, { cause, node: name, partition, position })
    return this.#failure
  }
}

/** What an error says. Anything can be thrown, even what has no text. */
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error)
  } catch {
    return 'what was thrown cannot be shown'
  }
}

const utf8 = new TextEncoder()

/** JSON of a value that is no longer at hand as bytes; what JSON cannot say is left to `String`. */
export function jsonBytes(value: unknown): Uint8Array {
  try {
    const replace = (_: string, item: unknown): unknown => (typeof item === 'bigint' ? String(item) : item)
    return utf8.encode(JSON.stringify(value, replace) ?? String(value))
  } catch {
    return utf8.encode(messageOf(value))
  }
}
