import { ByteWriter } from '../connector/byte-writer.ts'
import { MillraceError } from '../errors.ts'
import { ByteReader } from './byte-reader.ts'
import type { Key } from './key.ts'
import { readText, readValue, writeText } from './value-codec.ts'

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
    // Nearly all have a length of one byte: write behind it, then put it in.
    const out = this.#out
    const start = out.length
    out.byte(0)
    write(out)
    const length = out.length - start - 1
    if (length < 128) return out.replace(start, length)
    const bytes = out.view().slice(start + 1)
    out.length = start
    out.varint(length)
    out.bytes(bytes)
  }
}

/** Reads a blob that only puts entries, in the order in which they were written, without keeping any. */
export function readPuts(blob: Uint8Array, visit: (group: string, key: Key, value: ByteReader) => void): void {
  const from = new ByteReader(blob)
  checkVersion(from)
  let group = ''
  while (!from.done) {
    const code = from.byte()
    if (code === op.state) readText(from)
    else if (code === op.group) group = readText(from)
    else if (code === op.put) readPut(from, group, visit)
    else throw unknownStep(code, from)
  }
}

function readPut(from: ByteReader, group: string, visit: (group: string, key: Key, value: ByteReader) => void): void {
  from.varint()
  const key = readValue(from) as Key
  const end = from.varint() + from.at
  visit(group, key, from)
  if (from.at !== end)
    throw new MillraceError('CORRUPT_STATE', `state blob has an entry of another length before byte ${from.at}`)
}

function checkVersion(from: ByteReader): void {
  const found = from.varint()
  if (found !== version)
    throw new MillraceError('CORRUPT_STATE', `state blob has version ${found}, this release reads ${version}`)
}

const unknownStep = (code: number, from: ByteReader): MillraceError =>
  new MillraceError('CORRUPT_STATE', `state blob has an unknown step ${code} at byte ${from.at - 1}`)

/** Where the entries of one group lie, see {@link StateImage}, by the bytes of their keys. */
type Group = Map<string, number>

/** Bytes that a blob may have: more than any has. */
const mostBytes = 2 ** 40

/**
 * The sum of a base and its deltas: what restoring and compaction read. Holds one number an entry, its place in the blobs
 * (`blob * mostBytes + offset of the key`), so that a million entries cost little more than their keys.
 */
export class StateImage {
  readonly #blobs: { readonly bytes: Uint8Array; readonly key: ByteReader; readonly value: ByteReader }[] = []
  readonly #states = new Map<string, Map<string, Group>>()

  /** Names of the states that have entries. */
  states(): Iterable<string> {
    return this.#states.keys()
  }

  /** Lays a blob over what is there, in slices: the caller may do something else between two steps. */
  *apply(blob: Uint8Array): Generator<undefined, void> {
    const from = new ByteReader(blob)
    checkVersion(from)
    const base = this.#blobs.length * mostBytes
    this.#blobs.push({ bytes: blob, key: new ByteReader(blob), value: new ByteReader(blob) })
    let groups: Map<string, Group> = new Map()
    let name = ''
    for (let steps = 1; !from.done; steps++) {
      const code = from.byte()
      if (code === op.state) groups = this.#state(readText(from))
      else if (code === op.group) name = readText(from)
      else if (code === op.drop) groups.delete(name)
      else if (code === op.put) putEntry(groups, name, base, from)
      else if (code === op.delete) deleteEntry(groups, name, from)
      else throw unknownStep(code, from)
      if (steps % entriesAStep === 0) yield
    }
  }

  /** Calls back for each entry of a state. The readers stand at key and value and are used again: read both at once. */
  forEach(state: string, visit: (group: string, key: ByteReader, value: ByteReader) => void): void {
    for (const [group, entries] of this.#states.get(state) ?? []) {
      for (const place of entries.values()) {
        const { key, value } = this.#at(place)
        visit(group, key, value)
      }
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
        for (const place of entries.values()) {
          this.#copy(place, out)
          if (++steps % entriesAStep === 0) yield
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

  /** Readers at the key and at the value of an entry. */
  #at(place: number): { readonly bytes: Uint8Array; readonly key: ByteReader; readonly value: ByteReader } {
    const number = Math.floor(place / mostBytes)
    const blob = this.#blobs[number]
    if (blob === undefined) throw new RangeError(`there is no blob ${number}`)
    const { key, value } = blob
    key.at = place - number * mostBytes
    const length = key.varint()
    value.at = key.at + length
    value.varint()
    return blob
  }

  /** Copies an entry as it stands in its blob, lengths included. */
  #copy(place: number, out: ByteWriter): void {
    const start = place % mostBytes
    const { bytes, value } = this.#at(place)
    value.at = start
    for (let part = 0; part < 2; part++) value.skip(value.varint())
    out.byte(op.put)
    out.bytes(bytes.subarray(start, value.at))
  }
}

/** Entries that are read or written between two breaks. */
const entriesAStep = 4096

function putEntry(groups: Map<string, Group>, name: string, base: number, from: ByteReader): void {
  const place = base + from.at
  let group = groups.get(name)
  if (group === undefined) groups.set(name, (group = new Map()))
  group.set(from.binary(from.varint()), place)
  from.skip(from.varint())
}

function deleteEntry(groups: Map<string, Group>, name: string, from: ByteReader): void {
  const key = from.binary(from.varint())
  groups.get(name)?.delete(key)
}

/** Merges a base and the deltas after it into a new base, a slice of about a millisecond a step. */
export function* compactState(blobs: readonly Uint8Array[]): Generator<undefined, Uint8Array> {
  const image = new StateImage()
  for (const blob of blobs) yield* image.apply(blob)
  return yield* image.encode()
}
