import { ByteWriter } from '../connector/byte-writer.ts'
import { MillraceError } from '../errors.ts'
import { ByteReader } from './byte-reader.ts'
import { readText, writeText } from './value-codec.ts'

/**
 * A blob of keyed state. Entries lie in *groups* of a state (a pane of a window, a generation of dedupe), so that
 * closing a pane is one `drop`, however many keys it had. A base is a delta against nothing.
 *
 * ```
 *   blob  = version op*        state = 1 text      drop = 3                    delete = 5 key
 *   key, value = length bytes  group = 2 text      put  = 4 key value
 * ```
 */
const version = 1
const op = { state: 1, group: 2, drop: 3, put: 4, delete: 5 } as const

/** Writes the changes of all states since the last snapshot into one blob. */
export class DeltaWriter {
  readonly #out = new ByteWriter(4096)
  readonly #part = new ByteWriter(256)
  #changes = 0

  constructor() {
    this.#out.varint(version)
  }

  /** What follows belongs to this state. */
  state(name: string): void {
    this.#out.byte(op.state)
    writeText(this.#out, name)
  }

  /** What follows belongs to this group of the state. */
  group(name: string): void {
    this.#out.byte(op.group)
    writeText(this.#out, name)
  }

  /** Forgets all entries of the group. */
  drop(): void {
    this.#changes++
    this.#out.byte(op.drop)
  }

  put(writeKey: (out: ByteWriter) => void, writeEntry: (out: ByteWriter) => void): void {
    this.#changes++
    this.#out.byte(op.put)
    this.#sized(writeKey)
    this.#sized(writeEntry)
  }

  delete(writeKey: (out: ByteWriter) => void): void {
    this.#changes++
    this.#out.byte(op.delete)
    this.#sized(writeKey)
  }

  /** The blob, or undefined when nothing changed. */
  finish(): Uint8Array | undefined {
    return this.#changes === 0 ? undefined : this.#out.take()
  }

  #sized(write: (out: ByteWriter) => void): void {
    this.#part.length = 0
    write(this.#part)
    const bytes = this.#part.view()
    this.#out.varint(bytes.length)
    this.#out.bytes(bytes)
  }
}

/** Entries of one group: stored bytes by the bytes of their key, as latin-1 text. */
type Group = Map<string, { readonly key: Uint8Array; readonly value: Uint8Array }>

/** The sum of a base and its deltas, still as bytes: what restoring and compaction read. */
export class StateImage {
  readonly #states = new Map<string, Map<string, Group>>()

  /** Names of the states that have entries. */
  states(): Iterable<string> {
    return this.#states.keys()
  }

  /** Lays a blob over what is there, in slices: the caller may do something else between two steps. */
  *apply(blob: Uint8Array): Generator<undefined, void> {
    const from = new ByteReader(blob)
    const found = from.varint()
    if (found !== version)
      throw new MillraceError('CORRUPT_STATE', `state blob has version ${found}, this release reads ${version}`)
    let groups: Map<string, Group> = new Map()
    let name = ''
    for (let steps = 1; !from.done; steps++) {
      const code = from.byte()
      if (code === op.state) groups = this.#state(readText(from))
      else if (code === op.group) name = readText(from)
      else if (code === op.drop) groups.delete(name)
      else if (code === op.put) putEntry(groups, name, from.bytes(from.varint()), from.bytes(from.varint()))
      else if (code === op.delete) deleteEntry(groups, name, from.bytes(from.varint()))
      else throw new MillraceError('CORRUPT_STATE', `state blob has an unknown step ${code} at byte ${from.at - 1}`)
      if (steps % 4096 === 0) yield
    }
  }

  /** Calls back for each entry of a state. */
  forEach(state: string, visit: (group: string, key: ByteReader, value: ByteReader) => void): void {
    for (const [group, entries] of this.#states.get(state) ?? []) {
      for (const { key, value } of entries.values()) visit(group, new ByteReader(key), new ByteReader(value))
    }
  }

  /** All of it as one blob, in slices. */
  *encode(): Generator<undefined, Uint8Array> {
    const out = new ByteWriter(64 * 1024)
    out.varint(version)
    let steps = 0
    for (const [state, groups] of this.#states) {
      out.byte(op.state)
      writeText(out, state)
      for (const [group, entries] of groups) {
        out.byte(op.group)
        writeText(out, group)
        for (const { key, value } of entries.values()) {
          writePut(out, key, value)
          if (++steps % 4096 === 0) yield
        }
      }
    }
    return out.take()
  }

  #state(name: string): Map<string, Group> {
    const known = this.#states.get(name)
    if (known) return known
    const groups = new Map<string, Group>()
    this.#states.set(name, groups)
    return groups
  }
}

function putEntry(groups: Map<string, Group>, name: string, key: Uint8Array, value: Uint8Array): void {
  let group = groups.get(name)
  if (group === undefined) groups.set(name, (group = new Map()))
  group.set(latin1(key), { key, value })
}

function deleteEntry(groups: Map<string, Group>, name: string, key: Uint8Array): void {
  groups.get(name)?.delete(latin1(key))
}

function writePut(out: ByteWriter, key: Uint8Array, value: Uint8Array): void {
  out.byte(op.put)
  out.varint(key.length)
  out.bytes(key)
  out.varint(value.length)
  out.bytes(value)
}

function latin1(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096))
  return text
}

/** Merges a base and the deltas after it into a new base, a slice of about a millisecond a step. */
export function* compactState(blobs: readonly Uint8Array[]): Generator<undefined, Uint8Array> {
  const image = new StateImage()
  for (const blob of blobs) yield* image.apply(blob)
  return yield* image.encode()
}
