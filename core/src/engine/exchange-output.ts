import type { ExchangeRows } from '../connector/exchange-rows.ts'
import { PartialWindow } from '../operators/partial-window.ts'
import { verdict, type Add } from '../operators/stateful.ts'
import type { Form } from '../state/code.ts'
import type { Key } from '../state/key.ts'
import { partitionOf } from '../state/partition-of.ts'
import type { SendNode } from '../topology/node.ts'
import { stateError } from './state-error.ts'

/** What a stage has for an exchange that was not taken yet. */
export interface ExchangeOutput {
  readonly name: string
  readonly partitions: number
  /** Number of rows that wait. */
  readonly rows: number
  /** Number of keys and panes that wait, added up. */
  readonly entries: number
  /** Rows by partition; those without are left out. At any time between batches. */
  takeRows(): Map<number, ExchangeRows>
  /** What was added up, by partition, as `ReceivedFrames` wants it. The later, the less there is of it. */
  takePartials(): Map<number, Uint8Array>
}

/** Rows of one partition. */
class Columns implements ExchangeRows {
  length = 0
  readonly keys: Key[] = []
  readonly values: unknown[] = []
  readonly times: number[] = []
  readonly marks: number[] = []
  readonly places: string[] = []
  readonly sequences: number[] = []

  push(key: Key, value: unknown, time: number, mark: number, place: string, sequence: number): void {
    this.length++
    this.keys.push(key)
    this.values.push(value)
    this.times.push(time)
    this.marks.push(mark)
    this.places.push(place)
    this.sequences.push(sequence)
  }
}

/** Where a stage puts what it sends: the end of its loop, as an operator is. */
export class ExchangeWriter implements ExchangeOutput {
  readonly name: string
  readonly partitions: number
  readonly add: Add
  rows = 0
  readonly #partial: PartialWindow | undefined
  #waiting: (Columns | undefined)[] = []

  constructor(form: Form, { name, partitions, target, partial }: SendNode) {
    this.name = name
    this.partitions = partitions
    const send: Add = (key, value, time, mark, place, sequence) => this.#send(key, value, time, mark, place, sequence)
    const addsUp = partial && (target.kind === 'window' || target.kind === 'windowAll')
    this.#partial = addsUp ? new PartialWindow(form, target, name, send) : undefined
    this.add = this.#partial?.add ?? send
  }

  get entries(): number {
    return this.#partial?.entries ?? 0
  }

  /** True when nothing waits. */
  get isEmpty(): boolean {
    return this.rows === 0 && this.entries === 0
  }

  #send(key: Key, value: unknown, time: number, mark: number, place: string, sequence: number): number {
    const partition = partitionOf(key, this.partitions)
    let columns = this.#waiting[partition]
    if (columns === undefined) this.#waiting[partition] = columns = new Columns()
    columns.push(key, value, time, mark > time ? mark : -Infinity, place, sequence)
    this.rows++
    return verdict.gone
  }

  takeRows(): Map<number, ExchangeRows> {
    const taken = new Map<number, ExchangeRows>()
    this.#waiting.forEach((columns, partition) => {
      if (columns) taken.set(partition, columns)
    })
    this.#waiting = []
    this.rows = 0
    return taken
  }

  takePartials(): Map<number, Uint8Array> {
    try {
      return this.#partial?.take((key) => partitionOf(key, this.partitions)) ?? new Map()
    } catch (cause) {
      throw stateError(this.name, cause)
    }
  }
}
