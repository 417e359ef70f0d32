import type { ByteWriter } from '../connector/byte-writer.ts'
import type { ByteReader } from './byte-reader.ts'
import type { DeltaWriter } from './delta.ts'
import type { Key } from './key.ts'
import { readValue, writeValue } from './value-codec.ts'

/** What an operator keeps for one key. */
export interface Entry {
  readonly key: Key
  /** Epoch in which it last changed. */
  epoch: number
  /** True once a snapshot has written it, so that removing it must be written too. */
  stored: boolean
}

/** Entries by key, with the list of those that changed since the last snapshot. All lie in one group of the state. */
export class KeyedEntries<E extends Entry> {
  readonly #entries = new Map<Key, E>()
  readonly #make: (key: Key) => E
  #dirty: E[] = []
  #removed: Key[] = []
  #epoch = 1

  constructor(make: (key: Key) => E) {
    this.#make = make
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: Key): E | undefined {
    return this.#entries.get(key)
  }

  /** The entry of a key, made if there is none, and marked as changed. */
  touch(key: Key): E {
    let entry = this.#entries.get(key)
    if (entry === undefined) this.#entries.set(key, (entry = this.#make(key)))
    this.changed(entry)
    return entry
  }

  /** Puts an entry in, if it is not there yet, and marks it as changed. */
  adopt(entry: E): void {
    if (this.#entries.get(entry.key) !== entry) this.#entries.set(entry.key, entry)
    this.changed(entry)
  }

  changed(entry: E): void {
    if (entry.epoch === this.#epoch) return
    entry.epoch = this.#epoch
    this.#dirty.push(entry)
  }

  remove(entry: E): void {
    if (this.#entries.get(entry.key) !== entry) return
    this.#entries.delete(entry.key)
    if (entry.stored) this.#removed.push(entry.key)
  }

  values(): Iterable<E> {
    return this.#entries.values()
  }

  snapshot(delta: DeltaWriter, full: boolean, write: (out: ByteWriter, entry: E) => void): void {
    delta.group('')
    if (!full) for (const key of this.#removed) delta.delete((out) => writeValue(out, key))
    for (const entry of full ? this.#entries.values() : this.#dirty) {
      if (this.#entries.get(entry.key) !== entry) continue
      entry.stored = true
      delta.put(
        (out) => writeValue(out, entry.key),
        (out) => write(out, entry),
      )
    }
    this.#removed = []
    this.#dirty = []
    this.#epoch++
  }

  /** Takes an entry back from a snapshot. */
  restore(key: ByteReader): E {
    const k = readValue(key) as Key
    const entry = this.#make(k)
    entry.stored = true
    this.#entries.set(k, entry)
    return entry
  }
}
