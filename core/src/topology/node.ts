import type { Aggregate } from '../aggregates/aggregate.ts'
import type { Sink } from '../connector/sink.ts'
import type { Meta, Source } from '../connector/source.ts'
import type { WindowSpec } from '../windows/window-spec.ts'

/** What happens to a record that a node cannot take. */
export type OnError = 'fail' | 'skip' | 'deadLetter'

/** A place in the user's code, `file:line:column`; empty when unknown. */
export type Location = string

/** A field, several fields, or a function that gives a string, number, bigint or boolean. */
export type Selector = string | readonly string[] | ((value: never) => unknown)

type Fn<R = unknown> = (value: never) => R

interface Common {
  /** Number in order of building; only for printing. */
  readonly id: number
  readonly inputs: readonly Node[]
  /** Given by the user, or the key of the source or sink. */
  readonly name?: string
  readonly at: Location
  readonly onError: OnError
}

export interface SourceNode extends Common {
  readonly kind: 'source'
  readonly name: string
  readonly source: Source<unknown>
  /** Event time of a record; absent means its arrival. */
  readonly eventTime?: string | ((value: never, meta: Meta) => number | Date)
  readonly outOfOrdernessMs: number
  /** How long a partition at its tip may be silent before it no longer holds the watermark back; absent for ever. */
  readonly idleAfterMs?: number
  /** How far past its arrival an event time may lie. */
  readonly maxAheadMs: number
  /**
   * Set where a stage begins behind an exchange: its records come with key, time and place, for this node. It is the node
   * of the whole topology; that of the stage is the only one there that keeps state.
   */
  readonly receives?: StatefulNode
}

export interface MapNode extends Common {
  readonly kind: 'map'
  readonly fn: Fn
}

export interface FilterNode extends Common {
  readonly kind: 'filter'
  readonly fn: Fn<boolean>
}

export interface FlatMapNode extends Common {
  readonly kind: 'flatMap'
  readonly fn: Fn<Iterable<unknown>>
}

export interface TapNode extends Common {
  readonly kind: 'tap'
  readonly fn: Fn<void>
}

export interface UnionNode extends Common {
  readonly kind: 'union'
}

/** Sends a record to the first branch whose predicate is true, else to the branch without predicate. */
export interface SplitNode extends Common {
  readonly kind: 'split'
  readonly branches: readonly { readonly name: string; readonly fn: Fn<boolean> }[]
}

/** One branch of the split that is its input; `branch` is an index, or −1 for the rest. */
export interface BranchNode extends Common {
  readonly kind: 'branch'
  readonly branch: number
}

export interface DedupeNode extends Common {
  readonly kind: 'dedupe'
  readonly by: Selector
  readonly withinMs: number
  readonly state: StateOptions
}

export interface KeyByNode extends Common {
  readonly kind: 'keyBy'
  readonly by: Selector
}

/** How state may change between versions of a topology. */
interface StateOptions {
  /** Name under which the state was kept before. */
  readonly previousName?: string
}

/** What a window makes of its records. */
export type WindowOutput =
  | { readonly kind: 'aggregate'; readonly aggregates: { readonly [name: string]: Aggregate<never, unknown> } }
  | { readonly kind: 'reduce'; readonly fn: (a: never, b: never) => unknown }
  | { readonly kind: 'process'; readonly fn: (values: never, window: never) => Iterable<unknown> }

/** Input: a `keyBy` node, or anything else for `windowAll`. */
export interface WindowNode extends Common {
  readonly kind: 'window' | 'windowAll'
  readonly spec: WindowSpec
  readonly output: WindowOutput
  readonly allowedLatenessMs: number
  /** Fire before the end: every so many ms of processing time, or every so many records of a key. */
  readonly early?: { readonly everyMs: number } | { readonly everyRecords: number }
  /** What happens to records after that when nobody reads `late`. */
  readonly late: 'deadLetter' | 'drop'
  readonly state: StateOptions
}

/** The records that its input, a window, was given too late. */
interface LateNode extends Common {
  readonly kind: 'late'
}

/** A running fold a key, one output a record. Input: a `keyBy` node. */
export interface ReduceNode extends Common {
  readonly kind: 'reduce'
  readonly init: () => unknown
  readonly fn: (accumulator: never, value: never) => unknown
  readonly state: StateOptions
}

/** One named piece of keyed state of `process`. */
export interface StateSlot {
  readonly kind: 'value' | 'list' | 'map'
  readonly version: number
  /** Dropped so long after it was last written, in event time; absent for never. */
  readonly ttlMs?: number
}

/** User code with keyed state and timers. Input: a `keyBy` node. */
export interface ProcessNode extends Common {
  readonly kind: 'process'
  readonly slots: { readonly [name: string]: StateSlot }
  readonly onRecord: (value: never, context: never) => void
  readonly onTimer?: (timer: { readonly at: number; readonly tag: string | undefined }, context: never) => void
  readonly state: StateOptions
}

/** All dead letters of the topology, as a stream. */
interface DeadLettersNode extends Common {
  readonly kind: 'deadLetters'
}

export interface SinkNode extends Common {
  readonly kind: 'sink'
  readonly name: string
  readonly sink: Sink<never>
}

/** Where a stage ends at an exchange: stands in the place of the node that keeps state behind it. */
export interface SendNode extends Common {
  readonly kind: 'send'
  /** Of the exchange. */
  readonly name: string
  /** The node of the whole topology that the records are for. */
  readonly target: StatefulNode
  readonly partitions: number
  /** Adds records up before they are sent. */
  readonly partial: boolean
}

/** One step of a topology. Immutable; inputs are object references, so a topology is a DAG of these. */
export type Node =
  | SourceNode
  | MapNode
  | FilterNode
  | FlatMapNode
  | TapNode
  | UnionNode
  | SplitNode
  | BranchNode
  | DedupeNode
  | KeyByNode
  | WindowNode
  | LateNode
  | ReduceNode
  | ProcessNode
  | DeadLettersNode
  | SinkNode
  | SendNode

export type NodeKind = Node['kind']

/** Nodes that keep state, and so carry a state name. */
export type StatefulNode = DedupeNode | WindowNode | ReduceNode | ProcessNode

/** True for nodes that keep state between records. */
export const isStateful = (node: Node): node is StatefulNode =>
  node.kind === 'dedupe' ||
  node.kind === 'window' ||
  node.kind === 'windowAll' ||
  node.kind === 'reduce' ||
  node.kind === 'process'

/** What a finished topology is made of, as data: what the plan, the engine and `explain` read. */
export interface Graph {
  /** Name of the job. */
  readonly name: string
  /** Every node that was built, unused ones included, in order of building (so inputs come before their users). */
  readonly nodes: readonly Node[]
  readonly sources: readonly SourceNode[]
  readonly sinks: readonly SinkNode[]
}
