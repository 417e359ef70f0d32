import type { Aggregate } from '../aggregates/aggregate.ts'
import type { WindowSpec } from '../windows/window-spec.ts'
import { stateName } from './names.ts'
import type { Node, OnError, Selector, SourceNode, WindowNode, WindowOutput } from './node.ts'

/**
 * A node on one line, as people read it. Built of names and options alone: functions are never printed, and what
 * connectors say of themselves holds no secrets.
 */
export const describeNode = (node: Node): string => [describeKind(node), policy(node.onError)].filter(isSaid).join(', ')

/** What moves the records of an input between tasks before this node sees them; undefined when they stay. */
export function exchangeBefore(node: Node): string | undefined {
  const [input] = node.inputs
  if (node.kind === 'dedupe') return `exchange by ${selectorText(node.by)}`
  if (node.kind === 'windowAll') return 'exchange to one task'
  return input?.kind === 'keyBy' ? `exchange by ${selectorText(input.by)}` : undefined
}

function describeKind(node: Node): string {
  switch (node.kind) {
    case 'source':
      return `source ${node.name}: ${oneLine(`${node.source.kind} ${node.source.description}`)}, ${timing(node)}`
    case 'sink':
      return `sink ${node.name}: ${oneLine(`${node.sink.kind} ${node.sink.description}`)}, ${node.sink.guarantee}`
    case 'branch':
      return `branch ${node.name ?? 'rest'}`
    case 'split':
      return `${titled(node)} into ${node.branches.map(({ name }) => name).join(', ')}`
    case 'union':
      return `${titled(node)} #${node.id}`
    case 'keyBy':
      return `${titled(node)} ${selectorText(node.by)}`
    case 'dedupe':
      return `dedupe by ${selectorText(node.by)} within ${durationText(node.withinMs)}, state ${stateName(node)}`
    case 'window':
    case 'windowAll':
      return windowText(node)
    case 'reduce':
      return `reduce, state ${stateName(node)}`
    case 'process':
      return `process, state ${stateName(node)} (${kindsText(node.slots)})`
    case 'late':
      return 'late records'
    case 'deadLetters':
      return 'dead letters'
    case 'send':
      return `send to ${node.name}${node.partial ? ', added up before' : ''}`
    case 'map':
    case 'filter':
    case 'flatMap':
    case 'tap':
      return titled(node)
  }
}

const titled = ({ kind, name }: Node): string => (name === undefined ? kind : `${kind} ${name}`)

const policy = (onError: OnError): string =>
  onError === 'deadLetter' ? '' : onError === 'skip' ? 'skips on error' : 'fails on error'

function timing({ eventTime, outOfOrdernessMs, idleAfterMs }: SourceNode): string {
  const time = eventTime === undefined ? 'the arrival' : typeof eventTime === 'string' ? eventTime : 'a function'
  const order = outOfOrdernessMs === 0 ? '' : `out of order by ${durationText(outOfOrdernessMs)}`
  const idle = idleAfterMs === undefined ? '' : `idle after ${durationText(idleAfterMs)}`
  return [`event time from ${time}`, order, idle].filter(isSaid).join(', ')
}

function windowText(node: WindowNode): string {
  const lateness = node.allowedLatenessMs === 0 ? '' : `allowed lateness ${durationText(node.allowedLatenessMs)}`
  const dropped = node.late === 'drop' ? 'drops what is late' : ''
  const what = `${node.kind} ${specText(node.spec)} ${outputText(node.output)}`
  return [what, earlyText(node.early), lateness, dropped, `state ${stateName(node)}`].filter(isSaid).join(', ')
}

function specText(spec: WindowSpec): string {
  if (spec.kind === 'session') return `session with gap ${durationText(spec.gapMs)}`
  const every = spec.kind === 'sliding' ? ` every ${durationText(spec.everyMs)}` : ''
  return `${spec.kind} ${durationText(spec.sizeMs)}${every}`
}

function outputText(output: WindowOutput): string {
  if (output.kind !== 'aggregate') return output.kind
  const results = Object.entries(output.aggregates).map(([name, aggregate]) => `${name}: ${aggregateText(aggregate)}`)
  return `aggregate { ${results.join(', ')} }`
}

function aggregateText({ kind, measure }: Aggregate<never, unknown>): string {
  return measure === undefined ? kind : `${kind} of ${selectorText(measure)}`
}

function earlyText(early: WindowNode['early']): string {
  if (early === undefined) return ''
  return 'everyMs' in early ? `early every ${durationText(early.everyMs)}` : `early every ${early.everyRecords} records`
}

const kindsText = (slots: { readonly [name: string]: { readonly kind: string } }): string =>
  Object.entries(slots)
    .map(([name, { kind }]) => `${name}: ${kind}`)
    .join(', ')

const selectorText = (by: Selector): string =>
  typeof by === 'function' ? 'a function' : typeof by === 'string' ? by : by.join(', ')

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** The largest unit that needs no fraction. */
function durationText(ms: number): string {
  const [unit, size] = units.find(([, length]) => ms > 0 && ms % length === 0) ?? ['ms', 1]
  return `${ms / size}${unit}`
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim()

const isSaid = (text: string): boolean => text !== ''
