import { filter } from '../operators/filter.ts'
import { flatMap } from '../operators/flat-map.ts'
import { keyBy } from '../operators/key-by.ts'
import { map } from '../operators/map.ts'
import type { Piece } from '../operators/piece.ts'
import { split } from '../operators/split.ts'
import type { StatefulOperator } from '../operators/stateful.ts'
import { tap } from '../operators/tap.ts'
import { union } from '../operators/union.ts'
import type { Form } from '../state/code.ts'
import type { Emitter } from '../state/emitter.ts'
import type { Node, SendNode, StatefulNode } from '../topology/node.ts'
import type { Batch } from './batch.ts'
import type { ExchangeWriter } from './exchange-output.ts'
import type { Output } from './output.ts'
import type { ReceivedBatch } from './received-batch.ts'

/** What a stage runs over. */
export type StageBatch = Batch | Emitter | ReceivedBatch

/** What a stage needs of the engine it is compiled for. */
export interface StageHost {
  readonly form: Form
  /** Nodes that read a node, in order of building. */
  consumers(node: Node): readonly Node[]
  operator(node: StatefulNode): StatefulOperator
  output(node: Node): Output
  exchange(node: SendNode): ExchangeWriter
  /** Index of a node in {@link counts}. */
  index(node: Node): number
  /** Records that left each node, by index. */
  readonly counts: Float64Array
  /** A record of a batch that a node could not take. */
  fail(error: unknown, node: number, batch: StageBatch, at: number, time: number): void
  /** A record that came too late for a node, and that nothing reads as `late`. */
  tooLate(node: number, batch: StageBatch, at: number, time: number): void
}

/** Runs the stage behind a source over a batch; `head` is compiled into it. */
export type SourceStage = (batch: Batch, length: number) => void
/** Runs the stage behind a stateful operator over what it has emitted. */
export type EmitterStage = (batch: Emitter, length: number) => void
/** Runs the stage behind an exchange over what came from there. */
export type ReceiveStage = (batch: ReceivedBatch, length: number) => void

const pieces: { readonly [K in Node['kind']]?: unknown } = {
  map,
  filter,
  tap,
  flatMap,
  keyBy,
  split,
  union,
  branch: union,
  late: union,
}

/** The per-record operator of a node. */
export const pieceOf = (node: Node): Piece<Node> => pieces[node.kind] as Piece<Node>

/** Key of everything where nothing is keyed. */
export const noKey = ''
