import type { ByteReader } from '../state/byte-reader.ts'
import type { Form } from '../state/code.ts'
import { copyValue } from '../state/copy-value.ts'
import type { DeltaWriter } from '../state/delta.ts'
import { Emitter } from '../state/emitter.ts'
import { splitKey, type Key } from '../state/key.ts'
import { keyFields } from '../topology/key.ts'
import { KeyedEntries, type Entry } from '../state/keyed-entries.ts'
import { recordMaker } from '../state/record-shape.ts'
import { readValue, writeValue } from '../state/value-codec.ts'
import type { ReduceNode } from '../topology/node.ts'
import { verdict, type StatefulOperator } from './stateful.ts'
import { Watermarked } from './watermarked.ts'

interface Folded extends Entry {
  value: unknown
}

/** A running fold a key: each record gives one output, the key and the value so far. State is kept for ever. */
export class Reduce extends Watermarked implements StatefulOperator {
  readonly node: ReduceNode
  readonly name: string
  readonly out: Emitter = new Emitter()
  readonly late: Emitter = new Emitter()
  readonly pending = false
  readonly #entries = new KeyedEntries<Folded>((key) => ({ key, epoch: 0, stored: false, value: undefined }))
  readonly #result: (values: readonly unknown[]) => object
  readonly #composite: boolean

  constructor(form: Form, node: ReduceNode, name: string) {
    super()
    this.node = node
    this.name = name
    const keyed = node.inputs[0]
    const by = keyed?.kind === 'keyBy' ? keyed.by : 'key'
    this.#composite = typeof by === 'object'
    this.#result = recordMaker(form, [...keyFields(by), 'value'])
  }

  readonly add = (key: Key, value: unknown, time: number, mark: number): number => {
    const known = this.#entries.get(key)
    const before = known ? known.value : this.node.init()
    const folded = this.node.fn(before as never, value as never)
    this.#entries.touch(key).value = folded
    // A fold may change the accumulator that it is given: what was emitted must not change with it.
    const emitted = folded === before ? copyValue(folded) : folded
    this.out.push(
      this.#result([...(this.#composite ? splitKey(String(key)) : [key]), emitted]),
      time,
      time < mark ? mark : -Infinity,
      key,
    )
    return verdict.taken
  }

  get entries(): number {
    return this.#entries.size
  }

  // eslint-disable-next-line require-yield -- emits nothing, so never has to wait
  *advance(to: number): Generator<undefined, void> {
    if (to > this.watermark) this.reach(to, this.watermark)
  }

  nextTick(): number {
    return Infinity
  }

  *tick(): Generator<undefined, void> {}

  snapshot(delta: DeltaWriter, full: boolean): void {
    delta.state(this.name)
    this.#entries.snapshot(delta, full, (out, entry) => writeValue(out, entry.value))
  }

  restore(_group: string, key: ByteReader, value: ByteReader): void {
    this.#entries.restore(key).value = readValue(value)
  }

  restored(watermark: number): void {
    this.watermark = watermark
  }
}
