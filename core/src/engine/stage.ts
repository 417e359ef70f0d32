import { MillraceError } from '../errors.ts'
import { filter } from '../operators/filter.ts'
import { flatMap } from '../operators/flat-map.ts'
import { keyBy, keyReader, keySource } from '../operators/key-by.ts'
import { map } from '../operators/map.ts'
import type { CodePoint, Piece, Step, StepPoint } from '../operators/piece.ts'
import { split } from '../operators/split.ts'
import { verdict, type StatefulOperator } from '../operators/stateful.ts'
import { tap } from '../operators/tap.ts'
import { union } from '../operators/union.ts'
import { Code, type Form } from '../state/code.ts'
import type { Emitter } from '../state/emitter.ts'
import { isStateful, type BranchNode, type Node, type SourceNode, type StatefulNode } from '../topology/node.ts'
import type { Batch } from './batch.ts'
import type { Output } from './output.ts'

/** What a stage needs of the engine it is compiled for. */
export interface StageHost {
  readonly form: Form
  /** Nodes that read a node, in order of building. */
  consumers(node: Node): readonly Node[]
  operator(node: StatefulNode): StatefulOperator
  output(node: Node): Output
  /** Index of a node in {@link counts}. */
  index(node: Node): number
  /** Records that left each node, by index. */
  readonly counts: Float64Array
  /** A record of a batch that a node could not take. */
  fail(error: unknown, node: number, batch: Batch | Emitter, at: number, time: number): void
  /** A record that came too late for a node, and that nothing reads as `late`. */
  tooLate(node: number, batch: Batch | Emitter, at: number, time: number): void
}

/** Runs the stage behind a source over a batch; `head` is compiled into it. */
export type SourceStage = (batch: Batch, length: number) => void
/** Runs the stage behind a stateful operator over what it has emitted. */
export type EmitterStage = (batch: Emitter, length: number) => void

const pieces: { readonly [K in Node['kind']]?: unknown } = {
  map,
  filter,
  tap,
  flatMap,
  keyBy,
  split,
  union,
  branch: union,
  late: union,
}

const pieceOf = (node: Node): Piece<Node> => pieces[node.kind] as Piece<Node>

/** Key of everything where nothing is keyed. */
const noKey = ''

/** Compiles all per-record operators behind a source, up to and with the first stateful `add`, to one loop. */
export function compileSourceStage(host: StageHost, head: SourceNode): SourceStage {
  if (host.form === 'closures') return closeSourceStage(host, head)
  const writer = new StageWriter(host, host.consumers(head))
  const { code } = writer
  const body = writer.count(head) + writer.children(head, 'v', 'continue rows')
  const time = timeSource(code, head)
  return code.compile(
    'stage',
    `(b,n)=>{const values=b.values,rows=b.rows,state=b.partition,limit=${code.arg(latestTime)}(b.arrival,${code.arg(head.maxAheadMs)}),p=${code.arg(`${head.name}/`)}+state.id,base=b.base;
let wm=state.watermark,i=0,N=0,t=NaN;${writer.declareCounts()}${writer.functions.join('')}
while(i<n){try{rows:for(;i<n;i++){const v=values[i];N=${host.index(head)};t=NaN;${time}
if(!(t>=0&&t<=limit)){const bad=t;t=NaN;throw ${code.arg(badTime)}(bad,b.arrival)}t+=0;
const mark=wm;if(t-${code.arg(head.outOfOrdernessMs)}>wm)wm=t-${code.arg(head.outOfOrdernessMs)};
${body}}}catch(e){${code.arg(host)}.fail(e,N,b,i,t);i++}}
state.watermark=wm;${writer.storeCounts()}}`
      .replaceAll('@Q', 'base+rows[i]')
      .replaceAll('@P', 'p'),
  )
}

/** The same behind a stateful operator. */
export function compileEmitterStage(
  host: StageHost,
  head: Node,
  consumers: readonly Node[] = host.consumers(head),
): EmitterStage {
  if (host.form === 'closures') return closeEmitterStage(host, head, consumers)
  const writer = new StageWriter(host, consumers)
  const { code } = writer
  const body = writer.fan(consumers, 'v', 'continue rows')
  return code.compile(
    'stage',
    `(b,n)=>{const values=b.values,times=b.times,marks=b.marks,keys=b.keys,base=b.sequence;let i=0,N=0,t=NaN;${writer.declareCounts()}${writer.functions.join('')}
while(i<n){try{rows:for(;i<n;i++){const v=values[i];N=${host.index(head)};t=times[i];const mark=marks[i];
${body}}}catch(e){${code.arg(host)}.fail(e,N,b,i,t);i++}}
${writer.storeCounts()}}`
      .replaceAll('@Q', 'base+i')
      .replaceAll('@P', 'String(keys[i])'),
  )
}

function timeSource(code: Code, { eventTime }: SourceNode): string {
  if (eventTime === undefined) return 't=b.arrival;'
  if (typeof eventTime === 'string')
    return `t=v[${code.arg(eventTime)}];if(typeof t!=='number')t=${code.arg(timeOf)}(t);`
  const meta = eventTime.length > 1 ? ',b.meta(i)' : ''
  return `t=${code.arg(eventTime)}(v${meta});if(typeof t!=='number')t=${code.arg(timeOf)}(t);`
}

/** Event time of a Date; NaN for what is none. */
const timeOf = (found: unknown): number => (found instanceof Date ? found.getTime() : NaN)

function badTime(time: number, arrival: number): MillraceError {
  if (Number.isNaN(time))
    return new MillraceError('BAD_TIME', 'the event time is not a number of ms since 1970 nor a Date')
  if (time < 0) return new MillraceError('BAD_TIME', `the event time ${time} lies before 1970`)
  return new MillraceError(
    'BAD_TIME',
    `the event time ${dateOf(time)} lies further than maxAhead past the arrival of the record, ${dateOf(arrival)}`,
  )
}

/** The last time that a Date can hold. */
const endOfTime = 8.64e15

const dateOf = (time: number): string => (Math.abs(time) <= endOfTime ? new Date(time).toISOString() : String(time))

/** The latest event time that a record may have. */
const latestTime = (arrival: number, maxAheadMs: number): number => Math.min(arrival + maxAheadMs, endOfTime)

/** Writes the body of a generated loop. */
class StageWriter {
  readonly code = new Code()
  /** What records reach on several ways within the stage, to stand in front of the loop. */
  readonly functions: string[] = []
  readonly #host: StageHost
  readonly #counted = new Set<number>()
  /** Unions that are reached on several ways, with their function once it is there. */
  readonly #shared: Map<Node, string | undefined>

  constructor(host: StageHost, first: readonly Node[]) {
    this.#host = host
    this.#shared = new Map(meetings(host, first).map((node) => [node, undefined]))
  }

  /** Code for everything that reads `node`. */
  children(node: Node, value: string, skip: string, key?: string): string {
    return this.fan(this.#host.consumers(node), value, skip, key)
  }

  fan(consumers: readonly Node[], value: string, skip: string, key?: string): string {
    if (consumers.length === 1) return consumers.map((node) => this.#node(node, value, skip, key)).join('')
    return consumers.map((node) => this.#guard((inner) => this.#node(node, value, inner, key))).join('')
  }

  count(node: Node): string {
    const index = this.#host.index(node)
    this.#counted.add(index)
    return `n${index}++;`
  }

  declareCounts(): string {
    return [...this.#counted].map((index) => `let n${index}=0;`).join('')
  }

  storeCounts(): string {
    const counts = this.code.arg(this.#host.counts)
    return [...this.#counted].map((index) => `${counts}[${index}]+=n${index};`).join('')
  }

  #guard(body: (skip: string) => string): string {
    const label = this.code.fresh('g')
    return `${label}:{try{${body(`break ${label}`)}}catch(e){${this.code.arg(this.#host)}.fail(e,N,b,i,t)}}`
  }

  #node(node: Node, value: string, skip: string, key: string | undefined): string {
    switch (node.kind) {
      case 'sink':
        return `${this.count(node)}${this.code.arg(this.#host.output(node))}.push(${value},t);`
      case 'dedupe':
      case 'window':
      case 'windowAll':
      case 'reduce':
      case 'process':
        return this.#stateful(node, value, skip, key)
      default:
        return this.#shared.has(node)
          ? `${this.#function(node)}(${value},mark);`
          : pieceOf(node).code(node, this.#point(node, value, skip))
    }
  }

  /** Name of the function for all behind a union: written out on every way there, code would double with each union. */
  #function(node: Node): string {
    const known = this.#shared.get(node)
    if (known !== undefined) return known
    const name = this.code.fresh('u')
    this.#shared.set(node, name)
    this.functions.push(`const ${name}=(v,mark)=>{${pieceOf(node).code(node, this.#point(node, 'v', 'return'))}};`)
    return name
  }

  #stateful(node: StatefulNode, value: string, skip: string, given: string | undefined): string {
    const operator = this.#host.operator(node)
    const own = node.kind === 'dedupe' ? keySource(this.code, node.by, value) : undefined
    const key = own?.key ?? given ?? this.code.arg(noKey)
    const blame = this.#blame(node)
    const result = this.code.fresh('r')
    const call = `const ${result}=${this.code.arg(operator.add)}(${key},${value},t,mark,@P,@Q);`
    const late = `${this.code.arg(this.#host)}.tooLate(${this.#host.index(node)},b,i,t)`
    const refused = `if(${result}!==${verdict.taken}){if(${result}===${verdict.late})${late};${skip}}`
    const taken = node.kind === 'dedupe' ? this.children(node, value, skip) : ''
    return `${blame}${own?.source ?? ''}${call}${refused}${this.count(node)}${taken}`
  }

  #blame(node: Node): string {
    return `N=${this.#host.index(node)};`
  }

  #point(node: Node, value: string, skip: string): CodePoint {
    return {
      code: this.code,
      value,
      skip,
      blame: this.#blame(node),
      next: (next, options = {}) => this.count(node) + this.children(node, next, options.skip ?? skip, options.key),
      branch: (branch) => {
        const readers = this.#host.consumers(node).filter((other) => (other as BranchNode).branch === branch)
        return readers.length === 0 ? '' : this.count(node) + this.fan(readers, value, skip)
      },
      guard: (body) => this.#guard(body),
    }
  }
}

/** The unions of a stage in which it meets itself. */
function meetings(host: StageHost, first: readonly Node[]): Node[] {
  const ways = new Map<Node, number>()
  const walk = (node: Node): void => {
    const before = ways.get(node) ?? 0
    ways.set(node, before + 1)
    const endsHere = node.kind === 'sink' || (isStateful(node) && node.kind !== 'dedupe')
    if (before === 0 && !endsHere) host.consumers(node).forEach(walk)
  }
  first.forEach(walk)
  return [...ways.keys()].filter((node) => node.kind === 'union' && (ways.get(node) ?? 0) > 1)
}

/** Where the closures of a stage are in their batch. */
class Cursor {
  /** Steps behind unions, each made once although several ways lead there. */
  readonly unions = new Map<Node, Step>()
  batch: Batch | Emitter | undefined
  at = 0
  node = 0
  partition = ''
  sequence = 0
}

function closeSourceStage(host: StageHost, head: SourceNode): SourceStage {
  const cursor = new Cursor()
  const step = stepsOf(host, cursor, host.consumers(head))
  const read = readTime(head)
  return (batch, length) => {
    const { partition } = batch
    if (partition === undefined) return
    cursor.batch = batch
    // Partitions of two sources may have one name: records of equal time are ordered by both.
    cursor.partition = `${head.name}/${partition.id}`
    const latest = latestTime(batch.arrival, head.maxAheadMs)
    for (let i = 0; i < length; i++) {
      let time = NaN
      cursor.at = i
      cursor.node = host.index(head)
      cursor.sequence = batch.base + (batch.rows[i] ?? 0)
      try {
        const found = read(batch, i)
        if (!(found >= 0 && found <= latest)) throw badTime(found, batch.arrival)
        // 0 for −0, which would show in the bounds of windows.
        time = found + 0
        const mark = partition.watermark
        partition.watermark = Math.max(mark, time - head.outOfOrdernessMs)
        countOne(host, head)
        step(batch.values[i], time, mark, noKey)
      } catch (error) {
        host.fail(error, cursor.node, batch, i, time)
      }
    }
  }
}

function closeEmitterStage(host: StageHost, head: Node, consumers: readonly Node[]): EmitterStage {
  const cursor = new Cursor()
  const step = stepsOf(host, cursor, consumers)
  return (batch, length) => {
    cursor.batch = batch
    for (let i = 0; i < length; i++) {
      const time = batch.times[i] ?? NaN
      cursor.at = i
      cursor.node = host.index(head)
      cursor.partition = String(batch.keys[i])
      cursor.sequence = batch.sequence + i
      try {
        step(batch.values[i], time, batch.marks[i] ?? -Infinity, noKey)
      } catch (error) {
        host.fail(error, cursor.node, batch, i, time)
      }
    }
  }
}

function readTime({ eventTime }: SourceNode): (batch: Batch, at: number) => number {
  if (eventTime === undefined) return (batch) => batch.arrival
  const select = typeof eventTime === 'string' ? (value: never) => value[eventTime] as unknown : eventTime
  return (batch, at) => {
    const found = select(
      batch.values[at] as never,
      eventTime.length > 1 && typeof eventTime === 'function' ? batch.meta(at) : (undefined as never),
    )
    return typeof found === 'number' ? found : timeOf(found)
  }
}

function countOne(host: StageHost, node: Node): void {
  const index = host.index(node)
  host.counts[index] = (host.counts[index] ?? 0) + 1
}

/** One step that gives a record to all of these nodes. */
function stepsOf(host: StageHost, cursor: Cursor, nodes: readonly Node[]): Step {
  const steps = nodes.map((node) => stepOf(host, cursor, node))
  const [only] = steps
  if (steps.length === 1 && only) return only
  const guarded = steps.map((step) => guard(host, cursor, step))
  return (value, time, mark, key) => {
    for (const step of guarded) step(value, time, mark, key)
  }
}

const guard =
  (host: StageHost, cursor: Cursor, step: Step): Step =>
  (value, time, mark, key) => {
    try {
      step(value, time, mark, key)
    } catch (error) {
      if (cursor.batch) host.fail(error, cursor.node, cursor.batch, cursor.at, time)
    }
  }

function stepOf(host: StageHost, cursor: Cursor, node: Node): Step {
  if (node.kind !== 'union') return newStep(host, cursor, node)
  const step = cursor.unions.get(node) ?? newStep(host, cursor, node)
  cursor.unions.set(node, step)
  return step
}

function newStep(host: StageHost, cursor: Cursor, node: Node): Step {
  switch (node.kind) {
    case 'sink': {
      const output = host.output(node)
      return (value, time) => {
        countOne(host, node)
        output.push(value, time)
      }
    }
    case 'dedupe':
    case 'window':
    case 'windowAll':
    case 'reduce':
    case 'process':
      return statefulStep(host, cursor, node)
    default:
      return pieceOf(node).step(node, stepPoint(host, cursor, node))
  }
}

function statefulStep(host: StageHost, cursor: Cursor, node: StatefulNode): Step {
  const { add } = host.operator(node)
  const read = node.kind === 'dedupe' ? keyReader(node.by) : undefined
  const next = node.kind === 'dedupe' ? stepsOf(host, cursor, host.consumers(node)) : undefined
  return (value, time, mark, given) => {
    cursor.node = host.index(node)
    const result = add(read ? read(value) : given, value, time, mark, cursor.partition, cursor.sequence)
    if (result === verdict.late && cursor.batch) host.tooLate(cursor.node, cursor.batch, cursor.at, time)
    if (result !== verdict.taken) return
    countOne(host, node)
    next?.(value, time, mark, noKey)
  }
}

function stepPoint(host: StageHost, cursor: Cursor, node: Node): StepPoint {
  const counted = (step: Step): Step => {
    return (value, time, mark, key) => {
      countOne(host, node)
      step(value, time, mark, key)
    }
  }
  const consumers = host.consumers(node)
  const branches = consumers.filter((other): other is BranchNode => other.kind === 'branch')
  const indexes = new Set(branches.map(({ branch }) => branch))
  return {
    next: counted(node.kind === 'split' ? () => {} : stepsOf(host, cursor, consumers)),
    branches: new Map(
      [...indexes].map((index) => [
        index,
        counted(
          stepsOf(
            host,
            cursor,
            branches.filter(({ branch }) => branch === index),
          ),
        ),
      ]),
    ),
    blame: () => {
      cursor.node = host.index(node)
    },
    guard: (step) => guard(host, cursor, step),
  }
}
