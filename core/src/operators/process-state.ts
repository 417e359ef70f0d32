import type { ByteWriter } from '../connector/byte-writer.ts'
import type { ByteReader } from '../state/byte-reader.ts'
import type { Entry } from '../state/keyed-entries.ts'
import type { Key } from '../state/key.ts'
import { readValue, writeValue } from '../state/value-codec.ts'
import type { StateSlot } from '../topology/node.ts'

/** A timer as it is set: only the one that its entry lists is live. */
export interface SetTimer {
  readonly of: ProcessEntry
  /** Kind and tag: `e` or `p`, and `:tag` where it has one. */
  readonly id: string
  readonly at: number
}

/** What `process` keeps for one key. */
export interface ProcessEntry extends Entry {
  /** One a declared slot: undefined, or a value, array or Map. */
  readonly slots: unknown[]
  /** Event time at which each slot was written; −Infinity for never. */
  readonly written: number[]
  readonly timers: Map<string, SetTimer>
}

/** An entry with nothing in it, for so many slots. */
export const emptyEntry = (key: Key, slots: number): ProcessEntry => ({
  key,
  epoch: 0,
  stored: false,
  slots: Array.from({ length: slots }, () => undefined),
  written: Array.from({ length: slots }, () => -Infinity),
  timers: new Map(),
})

/** True when nothing is worth keeping. */
export const isEmpty = (entry: ProcessEntry): boolean =>
  entry.timers.size === 0 && entry.slots.every((slot) => slot === undefined)

/** Writes an entry. */
export function writeEntry(out: ByteWriter, entry: ProcessEntry): void {
  for (const [i, slot] of entry.slots.entries()) {
    writeValue(out, slot)
    if (slot !== undefined) out.float64(entry.written[i] ?? -Infinity)
  }
  out.varint(entry.timers.size)
  for (const { id, at } of entry.timers.values()) {
    writeValue(out, id)
    out.float64(at)
  }
}

/** Reads what {@link writeEntry} wrote into an empty entry. */
export function readEntry(from: ByteReader, entry: ProcessEntry): void {
  for (const i of entry.slots.keys()) {
    const slot = readValue(from)
    entry.slots[i] = slot
    if (slot !== undefined) entry.written[i] = from.float64()
  }
  for (let left = from.varint(); left > 0; left--) {
    const id = readValue(from) as string
    entry.timers.set(id, { of: entry, id, at: from.float64() })
  }
}

/** What the state that user code sees stands on: the entry of the key being processed. */
export interface StateAccess {
  /** The present content of a slot; undefined when it has none or it has expired. */
  read(slot: number): unknown
  /** Puts new content into a slot; undefined clears it. */
  write(slot: number, content: unknown): void
  /** Notes how to take back a change made in place. */
  undo(step: () => void): void
}

/** The object through which user code reads and writes one slot. */
export function stateView(kind: StateSlot['kind'], slot: number, access: StateAccess): object {
  if (kind === 'value') return valueView(slot, access)
  return kind === 'list' ? listView(slot, access) : mapView(slot, access)
}

const valueView = (slot: number, access: StateAccess): object => ({
  get: () => access.read(slot),
  set: (value: unknown) => access.write(slot, value),
  clear: () => access.write(slot, undefined),
})

/** Lists that user code has been given: it may have emitted them, so that they must not change any more. */
const shown = new WeakSet<unknown[]>()

const listView = (slot: number, access: StateAccess): object => ({
  all() {
    const items = (access.read(slot) as unknown[] | undefined) ?? []
    shown.add(items)
    return items
  },
  add(value: unknown) {
    const kept = (access.read(slot) as unknown[] | undefined) ?? []
    const items = shown.has(kept) ? [...kept] : kept
    const { length } = items
    access.undo(() => {
      items.length = length
    })
    items.push(value)
    access.write(slot, items)
  },
  clear: () => access.write(slot, undefined),
})

const mapView = (slot: number, access: StateAccess): object => {
  const read = (): Map<unknown, unknown> | undefined => access.read(slot) as Map<unknown, unknown> | undefined
  return {
    get: (key: unknown) => read()?.get(key),
    set(key: unknown, value: unknown) {
      const map = read() ?? new Map<unknown, unknown>()
      access.undo(restoreItem(map, key))
      map.set(key, value)
      access.write(slot, map)
    },
    delete(key: unknown) {
      const map = read()
      if (!map?.has(key)) return
      // A copy, so that taking it back keeps the order of the entries.
      const left = new Map(map)
      left.delete(key)
      access.write(slot, left.size > 0 ? left : undefined)
    },
    entries: () => read()?.entries() ?? [],
    clear: () => access.write(slot, undefined),
  }
}

function restoreItem(map: Map<unknown, unknown>, key: unknown): () => void {
  if (!map.has(key)) return () => void map.delete(key)
  const before = map.get(key)
  return () => void map.set(key, before)
}
