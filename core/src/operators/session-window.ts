import type { ByteWriter } from '../connector/byte-writer.ts'
import type { Accumulator, AccumulatorLayout } from '../state/accumulator.ts'
import type { ByteReader } from '../state/byte-reader.ts'
import { Code } from '../state/code.ts'
import type { DeltaWriter } from '../state/delta.ts'
import { batchRecords, Emitter } from '../state/emitter.ts'
import { Heap } from '../state/heap.ts'
import { compareKeys, type Key } from '../state/key.ts'
import { KeyedEntries, type Entry } from '../state/keyed-entries.ts'
import type { WindowNode } from '../topology/node.ts'
import type { SessionSpec } from '../windows/window-spec.ts'
import { verdict, type Add, type OperatorHost, type StatefulOperator } from './stateful.ts'
import { WindowResults } from './window-results.ts'
import { Watermarked } from './watermarked.ts'

interface Session {
  readonly of: Sessions
  start: number
  /** Time of its last record. */
  last: number
  readonly a: Accumulator
  /** End with which it was emitted; −Infinity before. */
  emitted: number
  /** Where the heap will look at it next; only the entry with this time counts. */
  due: number
  gone: boolean
  /** Least mark of the records that changed it after it was emitted. */
  mark: number
}

interface Sessions extends Entry {
  open: Session[]
  /** Records since the key's last early firing by number. */
  count: number
}

/** A look at a session at a time: its end, or the end of what may still change it. */
interface Look {
  readonly at: number
  readonly session: Session
}

/**
 * Session windows: records of a key no further apart than the gap. A record is late when its partition's watermark had
 * passed its time + gap + allowed lateness, whatever sessions there are; so sessions are kept a gap longer than they
 * are open, and a record that connects two of them finds both.
 */
export class SessionWindow extends Watermarked implements StatefulOperator {
  readonly node: WindowNode
  readonly name: string
  readonly out: Emitter = new Emitter()
  readonly late: Emitter = new Emitter()
  readonly add: Add
  readonly #host: OperatorHost
  readonly #results: WindowResults
  readonly #layout: AccumulatorLayout
  readonly #entries = new KeyedEntries<Sessions>((key) => ({ key, epoch: 0, stored: false, open: [], count: 0 }))
  readonly #looks = new Heap<Look>((a, b) => a.at - b.at || compareKeys(a.session.of.key, b.session.of.key))
  readonly #gapMs: number
  readonly #keepMs: number
  readonly #lateRead: boolean
  readonly #everyRecords: number
  readonly #everyMs: number
  readonly #changed = new Set<Session>()
  readonly #measure: (value: unknown, time: number, partition: string, sequence: number) => (a: Accumulator) => void
  #earlyDue = Infinity
  /** Sessions that have ended and changed since. */
  readonly #updates = new Set<Session>()

  constructor(host: OperatorHost, node: WindowNode & { readonly spec: SessionSpec }, name: string, lateRead: boolean) {
    super()
    this.#host = host
    this.node = node
    this.name = name
    this.#lateRead = lateRead
    this.#results = new WindowResults(host, node, this.out)
    this.#layout = this.#results.layout
    this.#gapMs = node.spec.gapMs
    this.#keepMs = node.spec.gapMs + node.allowedLatenessMs
    const { early } = node
    this.#everyRecords = early && 'everyRecords' in early ? early.everyRecords : 0
    this.#everyMs = early && 'everyMs' in early ? early.everyMs : 0
    this.#measure = compileMeasure(host, this.#layout)
    this.add = (key, value, time, mark, partition, sequence) => this.#add(key, value, time, mark, partition, sequence)
  }

  get entries(): number {
    return this.#entries.size
  }

  get pending(): boolean {
    return this.#updates.size > 0
  }

  #add(key: Key, value: unknown, time: number, mark: number, partition: string, sequence: number): number {
    const put = this.#measure(value, time, partition, sequence)
    if (time + this.#keepMs <= Math.max(mark, this.watermark)) {
      this.#host.countLate()
      if (this.#lateRead) this.late.push(value, time, mark, key)
      return this.#lateRead || this.node.late === 'drop' ? verdict.gone : verdict.late
    }
    const found = this.#touching(this.#entries.get(key), time)
    const a = found?.a ?? this.#layout.create(key, 0)
    // Before anything else changes: a function of the user may throw.
    put(a)
    const sessions = this.#entries.touch(key)
    const session = found ?? this.#open(sessions, time, time, a)
    this.#extend(session, time)
    this.#arrange(session, mark)
    this.#noteEarly(sessions, session)
    return verdict.taken
  }

  /** The first session, but `not` this one, that a record of this time falls into. */
  #touching(sessions: Sessions | undefined, time: number, not?: Session): Session | undefined {
    if (sessions === undefined) return undefined
    for (const session of sessions.open) {
      if (session !== not && time < session.last + this.#gapMs && time > session.start - this.#gapMs) return session
    }
    return undefined
  }

  /** Makes a record of this time part of the session, and with it any other session that it touches. */
  #extend(session: Session, time: number): void {
    for (
      let other = this.#touching(session.of, time, session);
      other;
      other = this.#touching(session.of, time, session)
    ) {
      this.#absorb(session, other)
    }
    session.start = Math.min(session.start, time)
    session.last = Math.max(session.last, time)
  }

  #absorb(into: Session, other: Session): void {
    this.#layout.merge(into.a, other.a)
    into.start = Math.min(into.start, other.start)
    into.last = Math.max(into.last, other.last)
    into.emitted = Math.max(into.emitted, other.emitted)
    into.mark = Math.min(into.mark, other.mark)
    this.#close(other)
    this.#changed.delete(other)
  }

  #close(session: Session): void {
    session.gone = true
    session.of.open = session.of.open.filter((other) => other !== session)
  }

  #open(of: Sessions, start: number, last: number, a: Accumulator): Session {
    const session: Session = { of, start, last, a, emitted: -Infinity, due: Infinity, gone: false, mark: Infinity }
    of.open.push(session)
    return session
  }

  /** Sees to it that the session is looked at when it ends; one that has ended already is emitted again. */
  #arrange(session: Session, mark: number): void {
    const end = session.last + this.#gapMs
    if (end <= this.watermark) {
      this.#updates.add(session)
      session.mark = Math.min(session.mark, mark)
      this.#lookAt(session, end + this.#keepMs)
    } else if (end < session.due) this.#lookAt(session, end)
  }

  #lookAt(session: Session, at: number): void {
    if (session.due === at) return
    session.due = at
    this.#looks.push({ at, session })
  }

  *advance(to: number): Generator<undefined, void> {
    for (const session of this.#updates) this.#emitUpdate(session)
    this.#updates.clear()
    if (to <= this.watermark) return
    // The end of the input fires everything, and forgets no more than a watermark at the last end would: more may come,
    // should the job be started again over more input.
    const forgetTo = to === Infinity ? this.#lastEnd() : to
    const kept: Session[] = []
    let emitted = 0
    for (let look = this.#looks.peek(); look !== undefined && look.at <= to; look = this.#looks.peek()) {
      this.#looks.pop()
      if (look.session.gone || look.at !== look.session.due) continue
      if (this.#look(look, to, forgetTo, kept) && ++emitted % batchRecords === 0 && this.#host.full()) yield
    }
    for (const session of kept) this.#lookAt(session, session.last + this.#gapMs + this.#keepMs)
    this.reach(to, forgetTo)
  }

  #lastEnd(): number {
    let last = this.watermark
    for (const { open } of this.#entries.values())
      for (const session of open) last = Math.max(last, session.last + this.#gapMs)
    return last
  }

  /** Emits a session that has ended, forgets one that cannot change any more, and puts others off. */
  #look({ at, session }: Look, to: number, forgetTo: number, kept: Session[]): boolean {
    const end = session.last + this.#gapMs
    // One that was extended is looked at again at its new end, so that sessions fire in order of their ends.
    const ended = end <= at && session.emitted !== end
    if (ended) this.#emit(session, -Infinity)
    session.due = Infinity
    if (end > at) this.#lookAt(session, end)
    else if (end + this.#keepMs <= forgetTo) this.#forget(session)
    else if (end + this.#keepMs > to) this.#lookAt(session, end + this.#keepMs)
    else kept.push(session)
    return ended
  }

  #emit(session: Session, mark: number): void {
    const end = session.last + this.#gapMs
    this.#results.emit(session.of.key, session.start, end, session.a, mark)
    session.emitted = end
    session.mark = Infinity
    this.#changed.delete(session)
    this.#entries.changed(session.of)
  }

  #emitUpdate(session: Session): void {
    if (!session.gone && session.last + this.#gapMs <= this.watermark) this.#emit(session, session.mark)
  }

  #forget(session: Session): void {
    this.#close(session)
    const { of } = session
    if (of.open.length === 0) this.#entries.remove(of)
    else this.#entries.changed(of)
  }

  #noteEarly(sessions: Sessions, session: Session): void {
    if (session.last + this.#gapMs <= this.watermark) return
    if (this.#everyRecords > 0 && ++sessions.count % this.#everyRecords === 0) this.#emitEarly(session)
    if (this.#everyMs > 0) {
      this.#changed.add(session)
      if (this.#earlyDue === Infinity) this.#earlyDue = -Infinity
    }
  }

  #emitEarly(session: Session): void {
    this.#results.emit(session.of.key, session.start, session.last + this.#gapMs, session.a)
  }

  nextTick(): number {
    return this.#earlyDue
  }

  *tick(now: number): Generator<undefined, void> {
    if (this.#earlyDue > now) return
    let emitted = 0
    for (const session of this.#changed) {
      this.#emitEarly(session)
      if (++emitted % batchRecords === 0 && this.#host.full()) yield
    }
    this.#changed.clear()
    this.#earlyDue = emitted > 0 ? now + this.#everyMs : Infinity
  }

  snapshot(delta: DeltaWriter, full: boolean): void {
    delta.state(this.name)
    this.#entries.snapshot(delta, full, (out, sessions) => this.#write(out, sessions))
  }

  #write(out: ByteWriter, { open }: Sessions): void {
    out.varint(open.length)
    for (const session of open) {
      out.float64(session.start)
      out.float64(session.last)
      out.float64(session.emitted)
      this.#layout.write(out, session.a)
    }
  }

  restore(_group: string, key: ByteReader, value: ByteReader): void {
    const sessions = this.#entries.restore(key)
    for (let left = value.varint(); left > 0; left--) {
      const start = value.float64()
      const last = value.float64()
      const emitted = value.float64()
      this.#open(sessions, start, last, this.#layout.read(value, sessions.key, 0)).emitted = emitted
    }
  }

  restored(watermark: number): void {
    this.watermark = watermark
    for (const { open } of this.#entries.values()) {
      for (const session of open) {
        const end = session.last + this.#gapMs
        this.#lookAt(session, end > watermark ? end : end + this.#keepMs)
      }
    }
  }
}

/** Measures a record now, so that a refusal changes nothing, and adds it to the session found later. */
function compileMeasure(
  host: OperatorHost,
  layout: AccumulatorLayout,
): (value: unknown, time: number, partition: string, sequence: number) => (a: Accumulator) => void {
  if (host.form === 'closures') {
    return (value, time, partition, sequence) => {
      const measured = layout.measure(value)
      return (a) => layout.add(a, measured, value, time, partition, sequence)
    }
  }
  const code = new Code()
  const names = { value: 'v', time: 't', partition: 'p', sequence: 'q' }
  return code.compile(
    'session',
    `(v,t,p,q)=>{${layout.measureSource(code, names)}return(a)=>{${layout.addSource(code, names)}}}`,
  )
}
