import { MillraceError } from '../errors.ts'
import type { ByteReader } from '../state/byte-reader.ts'
import type { DeltaWriter } from '../state/delta.ts'
import { batchRecords, Emitter } from '../state/emitter.ts'
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
import { TimerQueue } from './timer-queue.ts'
import { Watermarked } from './watermarked.ts'

/** Timers that drop expired slots carry an id that no tag can have. */
const expiry = 'x'

/**
 * Runs user code with keyed state and timers. A call that throws leaves nothing behind: state, timers and outputs are
 * as before it, and the record goes where the node's policy says.
 */
export class Process extends Watermarked implements StatefulOperator, StateAccess {
  readonly node: ProcessNode
  readonly name: string
  readonly out: Emitter = new Emitter()
  readonly late: Emitter = new Emitter()
  readonly pending = false
  readonly #host: OperatorHost
  readonly #slots: readonly StateSlot[]
  readonly #entries: KeyedEntries<ProcessEntry>
  readonly #eventTimers = new TimerQueue()
  readonly #processingTimers = new TimerQueue()
  readonly #context: Context
  readonly #undo: (() => void)[] = []
  readonly #deferred: SetTimer[] = []
  #emitted: unknown[] = []
  /** Of the key that user code is called for; undefined between calls. */
  #entry: ProcessEntry | undefined
  /** Time of the timer that fires, Infinity at the end of the input: a timer set for no later has to wait, or one that sets itself never ends. */
  #firing = -Infinity
  #put = false
  /** Watermark that user code sees: all timers up to here have fired. */
  #passed = -Infinity
  /** While a batch is processed: the lowest watermark of all else that this operator reads. */
  horizon: number = -Infinity

  constructor(host: OperatorHost, node: ProcessNode, name: string) {
    super()
    this.#host = host
    this.node = node
    this.name = name
    // By name: the order in which a topology declares its state does not matter to what is stored.
    const slots = Object.entries(node.slots).toSorted(([a], [b]) => (a < b ? -1 : 1))
    this.#slots = slots.map(([, slot]) => slot)
    this.#entries = new KeyedEntries((key) => emptyEntry(key, this.#slots.length))
    const state = Object.fromEntries(slots.map(([slot, { kind }], i) => [slot, stateView(kind, i, this)]))
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
        this.#current()
        this.#emitted.push(value)
      },
    }
  }

  /** The entry that user code is called for; what it does after its call has returned would meet another key. */
  #current(): ProcessEntry {
    if (this.#entry) return this.#entry
    throw new MillraceError(
      'USER_CODE',
      `${this.name}: the context of process() was used after the call had returned; it cannot be kept, nor used behind an await`,
    )
  }

  get entries(): number {
    return this.#entries.size
  }

  readonly add = (key: Key, value: unknown, time: number, mark: number): number => {
    const passed = Math.min(mark, this.horizon)
    // What is due before the record fires before it, as if each record were a batch of its own: batch sizes change nothing.
    if (passed > this.#passed) for (const _ of this.#fireUpTo(passed));
    this.#call(this.#entries.get(key) ?? emptyEntry(key, this.#slots.length), time, () =>
      this.node.onRecord(value as never, this.#context as never),
    )
    this.#push(time, time < mark ? mark : -Infinity, key)
    return verdict.taken
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
    } finally {
      this.#entry = undefined
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
    const { slots, written } = this.#current()
    const { ttlMs } = this.#slots[slot] ?? {}
    const expired = ttlMs !== undefined && Math.max(this.#context.time, this.#passed) >= (written[slot] ?? 0) + ttlMs
    return expired ? undefined : slots[slot]
  }

  write(slot: number, content: unknown): void {
    const entry = this.#current()
    const before = entry.slots[slot]
    const writtenBefore = entry.written[slot] ?? -Infinity
    this.undo(() => {
      entry.slots[slot] = before
      entry.written[slot] = writtenBefore
    })
    entry.slots[slot] = content
    // An earlier record that comes later does not shorten the life of what it writes to.
    entry.written[slot] = content === undefined ? -Infinity : Math.max(writtenBefore, this.#context.time)
    const { ttlMs } = this.#slots[slot] ?? {}
    const id = `${expiry}${slot}`
    if (content === undefined) this.#disarm(entry, id)
    else if (ttlMs !== undefined && !entry.timers.has(id)) this.#arm(entry, id, this.#context.time + ttlMs)
  }

  undo(step: () => void): void {
    this.#put = true
    this.#undo.push(step)
  }

  #setTimer(kind: 'e' | 'p', at: number, tag: string | undefined): void {
    if (!Number.isFinite(at))
      throw new MillraceError('BAD_VALUE', `a timer is set for a time in ms since 1970, not for ${at}`)
    this.#arm(this.#current(), timerId(kind, tag), at)
  }

  #arm(entry: ProcessEntry, id: string, at: number): void {
    if (entry.timers.get(id)?.at === at) return
    this.#disarm(entry, id)
    this.undo(() => entry.timers.delete(id))
    const timer = { of: entry, id, at }
    entry.timers.set(id, timer)
    this.#schedule(timer)
  }

  #schedule(timer: SetTimer): void {
    if (timer.at <= this.#firing) this.#deferred.push(timer)
    else this.#queueOf(timer.id).push(timer)
  }

  #disarm(entry: ProcessEntry, id: string): void {
    const before = entry.timers.get(id)
    if (before === undefined) return
    this.undo(() => {
      entry.timers.set(id, before)
      this.#schedule(before)
    })
    entry.timers.delete(id)
  }

  #cancel(tag: string | undefined): void {
    const entry = this.#current()
    this.#disarm(entry, timerId('e', tag))
    this.#disarm(entry, timerId('p', tag))
  }

  #queueOf(id: string): TimerQueue {
    return id.startsWith('p') ? this.#processingTimers : this.#eventTimers
  }

  *advance(to: number): Generator<undefined, void> {
    if (to <= this.watermark) return
    const before = Math.max(this.watermark, this.#passed)
    if (to > this.#passed) yield* this.#fireUpTo(to)
    this.reach(to, before)
  }

  /** Fires event-time timers. One that was set for a time already passed fires at the time that was reached then. */
  *#fireUpTo(to: number): Generator<undefined, void> {
    const before = this.#passed
    this.#passed = to
    yield* this.#fire(this.#eventTimers, to, ({ at }) => Math.max(at, before))
  }

  nextTick(): number {
    return this.#processingTimers.peek()?.at ?? Infinity
  }

  *tick(now: number): Generator<undefined, void> {
    const time = Math.max(this.storedWatermark(), 0)
    yield* this.#fire(this.#processingTimers, now, () => time)
  }

  *#fire(timers: TimerQueue, to: number, timeOf: (timer: SetTimer) => number): Generator<undefined, void> {
    let fired = 0
    for (let timer = timers.peek(); timer !== undefined && timer.at <= to; timer = timers.peek()) {
      timers.pop()
      this.#firing = to === Infinity ? to : timer.at
      this.#fireOne(timer, timeOf(timer))
      if (++fired % batchRecords === 0 && this.#host.full()) yield
    }
    this.#firing = -Infinity
    for (const timer of this.#deferred.splice(0)) this.#schedule(timer)
  }

  #fireOne(timer: SetTimer, time: number): void {
    const { of: entry, id, at } = timer
    if (id.startsWith(expiry)) return this.#expire(timer, Number(id.slice(1)))
    entry.timers.delete(id)
    const tag = id.length > 1 ? id.slice(2) : undefined
    try {
      this.#call(entry, time, () => this.node.onTimer?.({ at, tag }, this.#context as never))
      this.#push(time, -Infinity, entry.key)
    } catch (error) {
      this.#host.refuse(this.node, error, {
        position: `${String(entry.key)}@${at}`,
        time,
        value: { key: entry.key, at, tag },
      })
    }
    this.#keep(entry)
  }

  /** Drops a slot that was not written again; puts it off when it was. The end of the input drops nothing: it is no time. */
  #expire({ of: entry, id, at }: SetTimer, slot: number): void {
    const due = (entry.written[slot] ?? 0) + (this.#slots[slot]?.ttlMs ?? 0)
    const isOver = due <= at && this.#firing < Infinity
    entry.timers.delete(id)
    if (isOver) entry.slots[slot] = undefined
    else {
      const timer = { of: entry, id, at: Math.max(due, at) }
      entry.timers.set(id, timer)
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
    for (const { timers } of this.#entries.values())
      for (const timer of timers.values()) this.#queueOf(timer.id).push(timer)
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
