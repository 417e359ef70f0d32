import { MillraceError } from '../errors.ts'
import type { ByteReader } from '../state/byte-reader.ts'
import type { DeltaWriter } from '../state/delta.ts'
import { batchRecords, Emitter } from '../state/emitter.ts'
import { Heap } from '../state/heap.ts'
import type { Key } from '../state/key.ts'
import { KeyedEntries } from '../state/keyed-entries.ts'
import type { ProcessNode, StateSlot } from '../topology/node.ts'
import {
  emptyEntry,
  isEmpty,
  readEntry,
  stateView,
  writeEntry,
  type ProcessEntry,
  type SetTimer,
  type StateAccess,
} from './process-state.ts'
import { verdict, type OperatorHost, type StatefulOperator } from './stateful.ts'

/** Timers that drop expired slots carry an id that no tag can have. */
const expiry = 'x'

/**
 * Runs user code with keyed state and timers. A call that throws leaves nothing behind: state, timers and outputs are
 * as before it, and the record goes where the node's policy says.
 */
export class Process implements StatefulOperator, StateAccess {
  readonly node: ProcessNode
  readonly name: string
  readonly out: Emitter = new Emitter()
  readonly late: Emitter = new Emitter()
  readonly pending = false
  readonly #host: OperatorHost
  readonly #slots: readonly StateSlot[]
  readonly #entries: KeyedEntries<ProcessEntry>
  readonly #eventTimers = new Heap<SetTimer>(byTime)
  readonly #processingTimers = new Heap<SetTimer>(byTime)
  readonly #context: Context
  readonly #undo: (() => void)[] = []
  readonly #deferred: SetTimer[] = []
  #emitted: unknown[] = []
  #entry: ProcessEntry
  /** True while the end of the input fires timers: those set by then must wait, or a periodic one never ends. */
  #ending = false
  #put = false
  /** Watermark that user code sees. */
  #passed = -Infinity
  #finite = -Infinity
  watermark: number = -Infinity
  /** While a batch is processed: the lowest watermark of all else that this operator reads. */
  horizon: number = -Infinity

  constructor(host: OperatorHost, node: ProcessNode, name: string) {
    this.#host = host
    this.node = node
    this.name = name
    this.#slots = Object.values(node.slots)
    this.#entries = new KeyedEntries((key) => emptyEntry(key, this.#slots.length))
    this.#entry = emptyEntry('', this.#slots.length)
    const state = Object.fromEntries(Object.keys(node.slots).map((slot, i) => [slot, stateView(this.#slots[i]?.kind ?? 'value', i, this)]))
    this.#context = {
      key: '',
      time: 0,
      watermark: -Infinity,
      state,
      timers: {
        eventTime: (at, tag) => this.#setTimer('e', at, tag),
        processingTime: (at, tag) => this.#setTimer('p', at, tag),
        cancel: (tag) => this.#cancel(tag),
      },
      emit: (value) => {
        this.#emitted.push(value)
      },
    }
  }

  get entries(): number {
    return this.#entries.size
  }

  readonly add = (key: Key, value: unknown, time: number, mark: number): number => {
    const passed = Math.min(mark, this.horizon)
    if ((this.#eventTimers.peek()?.at ?? Infinity) <= passed) this.#fireBefore(passed)
    this.#passed = Math.max(this.watermark, passed)
    this.#call(this.#entries.get(key) ?? emptyEntry(key, this.#slots.length), time, () =>
      this.node.onRecord(value as never, this.#context as never),
    )
    this.#push(time, time < mark ? mark : -Infinity, key)
    return verdict.taken
  }

  /** Fires what is due before the next record, as if each record were a batch of its own: batch sizes change nothing. */
  #fireBefore(passed: number): void {
    this.#passed = passed
    for (const _ of this.#fire(this.#eventTimers, passed, ({ at }) => Math.max(at, this.watermark)));
  }

  /** Runs user code for one key; takes everything back if it throws. */
  #call(entry: ProcessEntry, time: number, run: () => void): void {
    this.#entry = entry
    this.#put = false
    Object.assign(this.#context, { key: entry.key, time, watermark: this.#passed })
    try {
      run()
      this.#undo.length = 0
    } catch (error) {
      while (this.#undo.length > 0) this.#undo.pop()?.()
      this.#emitted = []
      throw error
    }
    if (this.#put) this.#keep(entry)
  }

  #keep(entry: ProcessEntry): void {
    if (isEmpty(entry)) this.#entries.remove(entry)
    else this.#entries.adopt(entry)
  }

  #push(time: number, mark: number, key: Key): void {
    for (const value of this.#emitted) this.out.push(value, time, mark, key)
    this.#emitted.length = 0
  }

  read(slot: number): unknown {
    const { ttlMs } = this.#slots[slot] ?? {}
    const expired = ttlMs !== undefined && Math.max(this.#context.time, this.watermark) >= (this.#entry.written[slot] ?? 0) + ttlMs
    return expired ? undefined : this.#entry.slots[slot]
  }

  write(slot: number, content: unknown): void {
    const entry = this.#entry
    const before = entry.slots[slot]
    const writtenBefore = entry.written[slot] ?? -Infinity
    this.undo(() => {
      entry.slots[slot] = before
      entry.written[slot] = writtenBefore
    })
    entry.slots[slot] = content
    entry.written[slot] = this.#context.time
    const { ttlMs } = this.#slots[slot] ?? {}
    if (ttlMs !== undefined && content !== undefined) this.#arm(`${expiry}${slot}`, this.#context.time + ttlMs)
  }

  undo(step: () => void): void {
    this.#put = true
    this.#undo.push(step)
  }

  #setTimer(kind: 'e' | 'p', at: number, tag: string | undefined): void {
    if (!Number.isFinite(at)) throw new MillraceError('BAD_VALUE', `a timer is set for a time in ms since 1970, not for ${at}`)
    this.#arm(timerId(kind, tag), at)
  }

  #arm(id: string, at: number): void {
    const entry = this.#entry
    const before = entry.timers.get(id)
    if (before?.at === at) return
    this.undo(() => (before ? entry.timers.set(id, before) : entry.timers.delete(id)))
    const timer = { of: entry, id, at }
    entry.timers.set(id, timer)
    this.#schedule(timer)
  }

  #schedule(timer: SetTimer): void {
    if (this.#ending) this.#deferred.push(timer)
    else this.#heapOf(timer.id).push(timer)
  }

  #cancel(tag: string | undefined): void {
    const entry = this.#entry
    for (const id of [timerId('e', tag), timerId('p', tag)]) {
      const before = entry.timers.get(id)
      if (before === undefined) continue
      this.undo(() => {
        entry.timers.set(id, before)
        this.#schedule(before)
      })
      entry.timers.delete(id)
    }
  }

  #heapOf(id: string): Heap<SetTimer> {
    return id.startsWith('p') ? this.#processingTimers : this.#eventTimers
  }

  *advance(to: number): Generator<undefined, void> {
    if (to <= this.watermark) return
    this.#passed = to
    this.#ending = to === Infinity
    if (this.#ending) this.#finite = this.watermark
    yield* this.#fire(this.#eventTimers, to, (timer) => Math.max(timer.at, this.watermark))
    this.watermark = to
    this.#ending = false
    for (const timer of this.#deferred.splice(0)) this.#schedule(timer)
  }

  nextTick(): number {
    return this.#processingTimers.peek()?.at ?? Infinity
  }

  *tick(now: number): Generator<undefined, void> {
    const time = Number.isFinite(this.watermark) ? this.watermark : Math.max(this.#finite, 0)
    yield* this.#fire(this.#processingTimers, now, () => time)
  }

  *#fire(timers: Heap<SetTimer>, to: number, timeOf: (timer: SetTimer) => number): Generator<undefined, void> {
    let fired = 0
    for (let timer = timers.peek(); timer !== undefined && timer.at <= to; timer = timers.peek()) {
      timers.pop()
      if (timer.of.timers.get(timer.id) !== timer) continue
      this.#fireOne(timer, timeOf(timer))
      if (++fired % batchRecords === 0 && this.#host.full()) yield
    }
  }

  #fireOne(timer: SetTimer, time: number): void {
    const { of: entry, id, at } = timer
    entry.timers.delete(id)
    if (id.startsWith(expiry)) {
      this.#expire(entry, Number(id.slice(1)), at)
      return
    }
    const tag = id.length > 1 ? id.slice(2) : undefined
    try {
      this.#call(entry, time, () => this.node.onTimer?.({ at, tag }, this.#context as never))
      this.#push(time, -Infinity, entry.key)
    } catch (error) {
      this.#host.refuse(this.node, error, { position: `${String(entry.key)}@${at}`, time, value: { key: entry.key, at, tag } })
    }
    this.#keep(entry)
  }

  #expire(entry: ProcessEntry, slot: number, at: number): void {
    const due = (entry.written[slot] ?? 0) + (this.#slots[slot]?.ttlMs ?? 0)
    if (due <= at) entry.slots[slot] = undefined
    else {
      const timer = { of: entry, id: `${expiry}${slot}`, at: due }
      entry.timers.set(timer.id, timer)
      this.#schedule(timer)
    }
    this.#keep(entry)
  }

  snapshot(delta: DeltaWriter, full: boolean): void {
    delta.state(this.name)
    this.#entries.snapshot(delta, full, writeEntry)
  }

  restore(_group: string, key: ByteReader, value: ByteReader): void {
    readEntry(value, this.#entries.restore(key))
  }

  restored(watermark: number): void {
    this.watermark = this.#passed = watermark
    for (const { timers } of this.#entries.values()) for (const timer of timers.values()) this.#heapOf(timer.id).push(timer)
  }

  storedWatermark(): number {
    return this.watermark === Infinity ? this.#finite : this.watermark
  }
}

interface Context {
  readonly key: Key
  readonly time: number
  readonly watermark: number
  readonly state: object
  readonly timers: {
    eventTime(at: number, tag?: string): void
    processingTime(at: number, tag?: string): void
    cancel(tag?: string): void
  }
  emit(value: unknown): void
}

const timerId = (kind: 'e' | 'p', tag: string | undefined): string => (tag === undefined ? kind : `${kind}:${tag}`)

/** By time; timers of one time by key and tag, so that their order does not depend on when they were set. */
function byTime(a: SetTimer, b: SetTimer): number {
  if (a.at !== b.at) return a.at - b.at
  const [keyA, keyB] = [String(a.of.key), String(b.of.key)]
  if (keyA !== keyB) return keyA < keyB ? -1 : 1
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}
