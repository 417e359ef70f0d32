import type { ByteReader } from '../state/byte-reader.ts'
import type { DeltaWriter } from '../state/delta.ts'
import { Emitter } from '../state/emitter.ts'
import type { Key } from '../state/key.ts'
import { readValue, writeValue } from '../state/value-codec.ts'
import type { DedupeNode } from '../topology/node.ts'
import { verdict, type OperatorHost, type StatefulOperator } from './stateful.ts'
import { Watermarked } from './watermarked.ts'

/** The keys first seen within one span of `within`, with the time of the record that was let through. */
interface Generation {
  readonly seen: Map<Key, number>
  /** Added since the last snapshot. */
  added: Key[]
  stored: boolean
}

/** A generation that has seen nothing. */
const none: Generation = { seen: new Map(), added: [], stored: false }

/**
 * Lets the first record of a key through and holds back those within `within` of it, before or after, in event time.
 * Keys lie in generations of one `within` each, so forgetting is one delete, and memory is bounded by what three spans
 * and the lateness of the input hold.
 */
export class Dedupe extends Watermarked implements StatefulOperator {
  readonly node: DedupeNode
  readonly name: string
  /** Not used: records pass through within the stage. */
  readonly out: Emitter = new Emitter()
  readonly late: Emitter = new Emitter()
  readonly pending = false
  readonly #host: OperatorHost
  readonly #withinMs: number
  readonly #generations = new Map<number, Generation>()
  /** Start of the generation in the middle of {@link #near}, which is out of date while this is Infinity. */
  #from = Infinity
  #near: readonly [before: Generation, now: Generation, after: Generation] = [none, none, none]
  #dropped: number[] = []
  #newest = -Infinity

  constructor(host: OperatorHost, node: DedupeNode, name: string) {
    super()
    this.#host = host
    this.node = node
    this.name = name
    this.#withinMs = node.withinMs
  }

  readonly add = (key: Key, _value: unknown, time: number, mark: number): number => {
    if (time + this.#withinMs <= mark || time + this.#withinMs <= this.watermark) {
      this.#host.countLate()
      return verdict.late
    }
    if (time < this.#from || time >= this.#from + this.#withinMs) this.#turnTo(Math.floor(time / this.#withinMs))
    const [before, now, after] = this.#near
    if (this.#has(now, key, time) || this.#has(before, key, time) || this.#has(after, key, time))
      return verdict.duplicate
    now.seen.set(key, time)
    now.added.push(key)
    if (time > this.#newest) this.#newest = time
    return verdict.taken
  }

  #has({ seen }: Generation, key: Key, time: number): boolean {
    const found = seen.size === 0 ? undefined : seen.get(key)
    return found !== undefined && Math.abs(time - found) <= this.#withinMs
  }

  /** Most records fall into the same generation as the one before: it and its neighbours are kept at hand. */
  #turnTo(number: number): void {
    this.#near = [
      this.#generations.get(number - 1) ?? none,
      this.#generation(number),
      this.#generations.get(number + 1) ?? none,
    ]
    this.#from = number * this.#withinMs
  }

  #generation(number: number): Generation {
    const known = this.#generations.get(number)
    if (known) return known
    const generation = { seen: new Map<Key, number>(), added: [], stored: false }
    this.#generations.set(number, generation)
    this.#from = Infinity
    return generation
  }

  get entries(): number {
    let entries = 0
    for (const { seen } of this.#generations.values()) entries += seen.size
    return entries
  }

  // eslint-disable-next-line require-yield -- emits nothing, so never has to wait
  *advance(to: number): Generator<undefined, void> {
    if (to <= this.watermark) return
    // The end of the input forgets no more than the last record does: more may come, should the job be started again.
    this.reach(to, Math.max(this.watermark, this.#newest))
    const forgetTo = this.storedWatermark()
    // A record that is not late lies above watermark − within, and looks one generation back.
    for (const [number, { stored }] of this.#generations) {
      if ((number + 3) * this.#withinMs > forgetTo) continue
      if (stored) this.#dropped.push(number)
      this.#generations.delete(number)
      this.#from = Infinity
    }
  }

  nextTick(): number {
    return Infinity
  }

  *tick(): Generator<undefined, void> {}

  snapshot(delta: DeltaWriter, full: boolean): void {
    delta.state(this.name)
    for (const number of full ? [] : this.#dropped) {
      delta.group(String(number))
      delta.drop()
    }
    this.#dropped = []
    for (const [number, generation] of this.#generations) this.#write(delta, number, generation, full)
  }

  #write(delta: DeltaWriter, number: number, generation: Generation, full: boolean): void {
    const keys = full ? generation.seen.keys() : generation.added
    if (full || generation.added.length > 0) {
      delta.group(String(number))
      for (const key of keys) {
        delta.put(
          (out) => writeValue(out, key),
          (out) => out.float64(generation.seen.get(key) ?? 0),
        )
      }
      generation.stored = true
    }
    generation.added = []
  }

  restore(group: string, key: ByteReader, value: ByteReader): void {
    const generation = this.#generation(Number(group))
    generation.stored = true
    const time = value.float64()
    generation.seen.set(readValue(key) as Key, time)
    if (time > this.#newest) this.#newest = time
  }

  restored(watermark: number): void {
    this.watermark = watermark
  }
}
