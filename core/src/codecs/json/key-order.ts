import type { ByteText } from '../../state/byte-text.ts'
import type { ObjectPlan } from './plan.ts'
import { skipBlank, skipString } from './skip.ts'

/** What an edge leads to that is no declared field: a value to skip, or only blanks before the end of the object. */
export const edgeAction = { skip: -1, blank: -2 } as const

/** Places of an edge in {@link KeyOrder.table}, from its beginning. */
export const edgePart = { next: 0, to: 1, action: 2, length: 3, words: 4 } as const

const smallestTable = 1 << 13
const nodeSize = 3
/** The edge that was found and not kept. */
const scratch = 4
const firstNode = scratch + edgePart.words
/** Longer edges, and more of them at one node, are not kept but found again each time. */
const longestEdge = 256
const mostEdges = 64
/** After so many edges that were not kept, those that are kept are taken to be of no use. */
const patience = 1 << 16

const comma = 0x2c
const quote = 0x22
const colon = 0x3a
const closing = 0x7d

/**
 * Remembers in which order the keys of objects come, as bytes: most records of a stream are made by one program, so that
 * what stands between two values, `,"page":`, is the same in all of them, and can be compared, four bytes at a time,
 * instead of being read.
 *
 * ```
 *   (start) ──"id":──▶ (after id) ──,"page":──▶ (after page) ──,"at":──▶ (after at)
 *                           └────────────────,"at":──────────────────────────▲
 * ```
 *
 * A node is a place in an object: its start, or after the value of one key. An edge is the bytes from there to the next
 * value. Only bytes that are valid JSON in that place become an edge, so equal bytes need no other check. The edge taken
 * last at a node is tried first.
 */
export class KeyOrder {
  /**
   * Nodes: first edge, object, 1 for its start. Edges: next edge of the same node, node it leads to, action (the number
   * of a field, or one of {@link edgeAction}), length in bytes, then the bytes as words, of which the last may overlap
   * the one before. 0 is no edge.
   */
  readonly table: Int32Array
  readonly #objects: readonly ObjectLayout[]
  readonly #fixed: number
  #used = firstNode
  #unkept = 0

  constructor(plans: readonly ObjectPlan[]) {
    const keys = plans.reduce((sum, { fields }) => sum + fields.length + 2, 0)
    this.table = new Int32Array(Math.max(smallestTable, keys * 32))
    this.#objects = plans.map((plan, object) => this.#layout(plan, object))
    this.#fixed = this.#used
  }

  /** The node at the start of an object. */
  start(object: number): number {
    return this.#objects[object]!.start
  }

  /** Forgets edges that have gone out of use. Not while a record is being read, for that holds nodes. */
  refresh(): void {
    if (this.#unkept < patience) return
    for (const { start, fields } of this.#objects) {
      for (let node = start; node <= start + (fields.size + 1) * nodeSize; node += nodeSize) this.table[node] = 0
    }
    for (const { others } of this.#objects) others.clear()
    this.#used = this.#fixed
    this.#unkept = 0
  }

  /**
   * The edge that begins with the byte at `at`, looked for among those known, else read: white space, a comma unless at
   * the start, a key and a colon, or white space before a closing brace. 0 when there is none.
   */
  next(node: number, text: ByteText, view: DataView, at: number, end: number): number {
    const { table } = this
    let before = 0
    let edges = 0
    for (let edge = table[node]!; edge !== 0; edge = table[edge]!) {
      if (this.#matches(edge, view, at, end)) {
        if (before !== 0) this.#moveToFront(node, edge, before)
        return edge
      }
      before = edge
      edges++
    }
    return this.#read(node, text, view, at, end, edges < mostEdges)
  }

  #layout(plan: ObjectPlan, object: number): ObjectLayout {
    const fields = new Map(plan.fields.map(({ name }, index) => [name, index]))
    const start = this.#node(object, 1)
    for (let i = 0; i <= fields.size; i++) this.#node(object, 0)
    return { start, fields, closed: plan.closed, others: new Map() }
  }

  #node(object: number, atStart: 0 | 1): number {
    const node = this.#used
    this.table.set([0, object, atStart], node)
    this.#used += nodeSize
    return node
  }

  #matches(edge: number, view: DataView, at: number, end: number): boolean {
    const { table } = this
    const last = at + table[edge + edgePart.length]! - 4
    if (last + 4 > end) return false
    let word = edge + edgePart.words
    for (let i = at; i < last; i += 4) if (view.getInt32(i, true) !== table[word++]) return false
    return view.getInt32(last, true) === table[word]
  }

  #moveToFront(node: number, edge: number, before: number): void {
    const { table } = this
    table[before] = table[edge]!
    table[edge] = table[node]!
    table[node] = edge
  }

  #read(node: number, text: ByteText, view: DataView, start: number, end: number, mayKeep: boolean): number {
    const { bytes } = text
    const object = this.#objects[this.table[node + 1]!]!
    const blankEnd = skipBlank(bytes, start, end)
    if (blankEnd > start && blankEnd < end && bytes[blankEnd] === closing) {
      return this.#found(node, edgeAction.blank, blankEnd - start)
    }
    const key = this.table[node + 2] === 1 ? blankEnd : afterPunctuation(bytes, blankEnd, end, comma)
    const keyEnd = key >= 0 && key < end && bytes[key] === quote ? skipString(bytes, view, key + 1, end) : -1
    const valueStart = keyEnd < 0 ? -1 : afterPunctuation(bytes, skipBlank(bytes, keyEnd, end), end, colon)
    if (valueStart < 0) return 0
    const name = JSON.parse(text.utf8(key, keyEnd)) as string
    const length = valueStart - start
    return this.#edgeTo(object, name, node, view, start, length, mayKeep && this.#hasRoom(length))
  }

  #edgeTo(
    object: ObjectLayout,
    name: string,
    node: number,
    view: DataView,
    start: number,
    length: number,
    keep: boolean,
  ): number {
    const field = object.fields.get(name)
    if (field === undefined && object.closed) return 0
    const action = field ?? edgeAction.skip
    const to = field === undefined ? this.#otherNode(object, name, keep) : object.start + (field + 1) * nodeSize
    if (keep) return this.#keep(node, to, action, view, start, length)
    this.#unkept++
    return this.#found(to, action, length)
  }

  #hasRoom(length: number): boolean {
    return (
      length >= 4 &&
      length <= longestEdge &&
      this.#used + nodeSize + edgePart.words + length / 4 + 2 <= this.table.length
    )
  }

  /** The node after a key that is not declared: one each, so that the order of those is remembered too. */
  #otherNode({ start, fields, others }: ObjectLayout, name: string, keep: boolean): number {
    const known = others.get(name)
    if (known !== undefined) return known
    if (!keep) return start + (fields.size + 1) * nodeSize
    const node = this.#node(this.table[start + 1]!, 0)
    others.set(name, node)
    return node
  }

  #keep(node: number, to: number, action: number, view: DataView, start: number, length: number): number {
    const { table } = this
    const edge = this.#used
    table.set([table[node]!, to, action, length], edge)
    let word = edge + edgePart.words
    const last = start + length - 4
    for (let i = start; i < last; i += 4) table[word++] = view.getInt32(i, true)
    table[word++] = view.getInt32(last, true)
    this.#used = word
    table[node] = edge
    return edge
  }

  #found(to: number, action: number, length: number): number {
    this.table.set([0, to, action, length], scratch)
    return scratch
  }
}

/** The place after a punctuation mark and white space, or -1 when it does not stand there. */
function afterPunctuation(bytes: Uint8Array, at: number, end: number, mark: number): number {
  return at < end && bytes[at] === mark ? skipBlank(bytes, at + 1, end) : -1
}

/** Where the nodes of an object are. */
interface ObjectLayout {
  /** Node at its start; those after its fields follow, and one for keys of which there are too many. */
  readonly start: number
  readonly fields: ReadonlyMap<string, number>
  readonly closed: boolean
  /** Nodes after keys that are not declared. */
  readonly others: Map<string, number>
}
