import { keyReader } from '../operators/key-by.ts'
import type { Step, StepPoint } from '../operators/piece.ts'
import { verdict } from '../operators/stateful.ts'
import type { Key } from '../state/key.ts'
import type { BranchNode, Node, SendNode, SourceNode, StatefulNode } from '../topology/node.ts'
import type { Batch } from './batch.ts'
import { badTime, latestTime, timeOf } from './event-time.ts'
import {
  noKey,
  pieceOf,
  type EmitterStage,
  type ReceiveStage,
  type SourceStage,
  type StageBatch,
  type StageHost,
} from './stage-host.ts'

/** Where the closures of a stage are in their batch. */
class Cursor {
  /** Steps behind unions, each made once although several ways lead there. */
  readonly unions = new Map<Node, Step>()
  batch: StageBatch | undefined
  at = 0
  node = 0
  partition = ''
  sequence = 0
}

/** A chain of closures over all per-record operators behind a source, up to and with the first stateful `add`. */
export function closeSourceStage(host: StageHost, head: SourceNode): SourceStage {
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

/** The same behind a stateful operator. */
export function closeEmitterStage(host: StageHost, head: Node, consumers: readonly Node[]): EmitterStage {
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

/** The same behind an exchange: each row has its key and its place. */
export function closeReceiveStage(host: StageHost, head: SourceNode, target: StatefulNode): ReceiveStage {
  const cursor = new Cursor()
  const step = statefulStep(host, cursor, target, true)
  return (batch, length) => {
    cursor.batch = batch
    for (let i = 0; i < length; i++) {
      const time = batch.times[i] ?? NaN
      cursor.at = i
      cursor.node = host.index(head)
      cursor.partition = batch.places[i] ?? ''
      cursor.sequence = batch.sequences[i] ?? 0
      try {
        step(batch.values[i], time, batch.marks[i] ?? -Infinity, batch.keys[i] as Key)
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
    case 'send':
      return sendStep(host, cursor, node)
    case 'dedupe':
    case 'window':
    case 'windowAll':
    case 'reduce':
    case 'process':
      return statefulStep(host, cursor, node, false)
    default:
      return pieceOf(node).step(node, stepPoint(host, cursor, node))
  }
}

/** What is sent on as it is counts where it is taken. */
function sendStep(host: StageHost, cursor: Cursor, node: SendNode): Step {
  const { add } = host.exchange(node)
  const read = node.target.kind === 'dedupe' ? keyReader(node.target.by) : undefined
  return (value, time, mark, given) => {
    cursor.node = host.index(node)
    const result = add(read ? read(value) : given, value, time, mark, cursor.partition, cursor.sequence)
    if (result === verdict.taken) countOne(host, node)
  }
}

function statefulStep(host: StageHost, cursor: Cursor, node: StatefulNode, isKeyed: boolean): Step {
  const { add } = host.operator(node)
  const read = node.kind === 'dedupe' && !isKeyed ? keyReader(node.by) : undefined
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
