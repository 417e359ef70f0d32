/** What a field of a hash may hold. */
export type Value = string | Uint8Array

/** An entry of a stream. */
export interface Entry {
  readonly id: number
  readonly bytes: Uint8Array
}

/** A change of the data, as a replica repeats it. */
export type Change = (data: Keyspace) => void

/**
 * The data types of a Redis, as far as the scripts use them, with the commands that they use. Methods that write also note
 * what they did, for replicas.
 */
export class Keyspace {
  readonly #hashes = new Map<string, Map<string, Value>>()
  readonly #sorted = new Map<string, Map<string, number>>()
  readonly #sets = new Map<string, Set<string>>()
  readonly #streams = new Map<string, Entry[]>()
  #changes: Change[] = []

  /** What was changed since the last call. */
  takeChanges(): readonly Change[] {
    const changes = this.#changes
    this.#changes = []
    return changes
  }

  /** Another one with the same data. */
  copy(): Keyspace {
    const copy = new Keyspace()
    for (const [key, fields] of this.#hashes) copy.#hashes.set(key, new Map(fields))
    for (const [key, scores] of this.#sorted) copy.#sorted.set(key, new Map(scores))
    for (const [key, members] of this.#sets) copy.#sets.set(key, new Set(members))
    for (const [key, entries] of this.#streams) copy.#streams.set(key, [...entries])
    return copy
  }

  keys(): string[] {
    return [this.#hashes, this.#sorted, this.#sets, this.#streams].flatMap((map) => [...map.keys()]).toSorted()
  }

  del(key: string): void {
    this.#do((data) => {
      for (const map of [data.#hashes, data.#sorted, data.#sets, data.#streams]) map.delete(key)
    })
  }

  hget(key: string, field: string): string | undefined {
    return this.#hashes.get(key)?.get(field) as string | undefined
  }

  hgetBytes(key: string, field: string): Uint8Array | undefined {
    return this.#hashes.get(key)?.get(field) as Uint8Array | undefined
  }

  hgetall(key: string): ReadonlyMap<string, Value> {
    return this.#hashes.get(key) ?? new Map<string, Value>()
  }

  hset(key: string, fields: { readonly [field: string]: Value }): void {
    const entries = Object.entries(fields)
    this.#do((data) => {
      const hash = at(data.#hashes, key, () => new Map<string, Value>())
      for (const [field, value] of entries) hash.set(field, value)
    })
  }

  hdel(key: string, ...fields: readonly string[]): void {
    this.#do((data) => {
      const hash = data.#hashes.get(key)
      for (const field of fields) hash?.delete(field)
      if (hash?.size === 0) data.#hashes.delete(key)
    })
  }

  hincrby(key: string, field: string, by: number): number {
    const value = Number(this.hget(key, field) ?? 0) + by
    this.hset(key, { [field]: String(value) })
    return value
  }

  zadd(key: string, member: string, score: number): void {
    this.#do((data) => at(data.#sorted, key, () => new Map<string, number>()).set(member, score))
  }

  /** Changes a score that is there. */
  zaddXX(key: string, member: string, score: number): void {
    if (this.zscore(key, member) !== undefined) this.zadd(key, member, score)
  }

  zrem(key: string, ...members: readonly string[]): void {
    this.#do((data) => {
      const scores = data.#sorted.get(key)
      for (const member of members) scores?.delete(member)
      if (scores?.size === 0) data.#sorted.delete(key)
    })
  }

  zscore(key: string, member: string): number | undefined {
    return this.#sorted.get(key)?.get(member)
  }

  zcard(key: string): number {
    return this.#sorted.get(key)?.size ?? 0
  }

  /** By score, then by member; both ends included. */
  zrange(
    key: string,
    from: number = -Infinity,
    to: number = Infinity,
  ): readonly (readonly [member: string, score: number])[] {
    const all = [...(this.#sorted.get(key) ?? [])].filter(([, score]) => score >= from && score <= to)
    return all.toSorted(([a, x], [b, y]) => (x < y || (x === y && a < b) ? -1 : 1))
  }

  sadd(key: string, member: string): void {
    this.#do((data) => at(data.#sets, key, () => new Set<string>()).add(member))
  }

  srem(key: string, member: string): void {
    this.#do((data) => {
      const members = data.#sets.get(key)
      members?.delete(member)
      if (members?.size === 0) data.#sets.delete(key)
    })
  }

  smembers(key: string): readonly string[] {
    return [...(this.#sets.get(key) ?? [])].toSorted()
  }

  sismember(key: string, member: string): boolean {
    return this.#sets.get(key)?.has(member) ?? false
  }

  scard(key: string): number {
    return this.#sets.get(key)?.size ?? 0
  }

  xadd(key: string, id: number, bytes: Uint8Array): void {
    // whoever wrote it may use its buffer again
    const entry = { id, bytes: bytes.slice() }
    this.#do((data) => at(data.#streams, key, (): Entry[] => []).push(entry))
  }

  /** After an id, up to and with another one. */
  xrange(key: string, after: number, to: number): readonly Entry[] {
    return (this.#streams.get(key) ?? []).filter(({ id }) => id > after && id <= to)
  }

  /** Drops entries up to and with an id. */
  xtrim(key: string, upTo: number): void {
    this.#do((data) => {
      const entries = data.#streams.get(key)
      const kept = entries?.findIndex(({ id }) => id > upTo) ?? -1
      entries?.splice(0, kept === -1 ? entries.length : kept)
    })
  }

  /** Repeats a change that another one has noted. */
  repeat(change: Change): void {
    change(this)
  }

  #do(change: Change): void {
    change(this)
    this.#changes.push(change)
  }
}

function at<V>(map: Map<string, V>, key: string, make: () => V): V {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
