import { type Graph, nodeName } from '@millrace/core'
import type { Summary } from '../../start.ts'
import { count, span } from '../text/amounts.ts'
import { fields, table } from '../text/table.ts'
import { progressFields } from './progress-fields.ts'

/** What is said of a job at its end. */
export interface JobSummary {
  readonly summary: Summary
  readonly graph: Graph
  /** Path of the file, or URL of the Redis; undefined for none. */
  readonly statePath: string | undefined
  /** This process was one of many. @default false */
  readonly isShared?: boolean
}

/** The summary for people. */
export function summaryText(job: JobSummary): string {
  const { summary } = job
  const { records, recordsPerSecond, written, late, deadLetters } = summary
  const known = fields([
    ['read', `${count(records)} records, ${count(recordsPerSecond)} a second`],
    ['written', `${count(written)} records`],
    ['late', count(late)],
    ['dead letters', deadLetters === 0 ? '0' : `${count(deadLetters)}; ${whereLettersAre(job)}`],
    ['state', whereStateIs(job)],
  ])
  return `${summary.job}: ${endingText(summary)}\n\n${nodesTable(job)}${known}`
}

/** The summary as fields of a log line. */
export function summaryFields(job: JobSummary): object {
  const { summary, statePath } = job
  const letters = summary.deadLetters === 0 ? {} : { deadLettersAre: whereLettersAre(job) }
  const counts = { ...progressFields(summary), ...countsByName(job) }
  return { ending: summary.ending, ...counts, statePath: statePath ?? null, ...letters }
}

function countsByName({ summary, graph }: JobSummary): object {
  const nodes = nodesOf(summary)
  if (nodes === undefined) return {}
  return { nodes, sinks: Object.fromEntries(graph.sinks.map(({ name }) => [name, nodes[name] ?? 0])) }
}

function endingText({ ending, elapsedMs }: Summary): string {
  const after = `after ${span(elapsedMs)}`
  if (ending === 'finished') return `finished ${after}`
  return ending === 'stopped'
    ? `stopped ${after}; the next start goes on from here`
    : `had finished before; nothing new ${after}`
}

function whereStateIs({ summary, statePath, isShared }: JobSummary): string {
  if (statePath === undefined) return 'was in memory only'
  // each task counts its own
  if (isShared) return `${statePath}, ${count(summary.checkpoints)} checkpoints from here`
  return `${statePath}, checkpoint ${summary.checkpoint}`
}

function whereLettersAre({ summary, graph, statePath, isShared }: JobSummary): string {
  if (graph.nodes.some(({ kind }) => kind === 'deadLetters')) return 'they went where the topology sends deadLetters'
  return statePath === undefined
    ? 'not kept, as there is no state file'
    : `see them: millrace dlq ls --state ${statePath}${isShared ? ` --job ${summary.job}` : ''}`
}

function nodesTable({ summary, graph }: JobSummary): string {
  const nodes = nodesOf(summary)
  if (nodes === undefined) return ''
  const sinks = new Set(graph.sinks.map(({ name }) => name))
  const names = [...new Set(graph.nodes.map(nodeName))]
  const rows = names.map((name) => [name, sinks.has(name) ? 'sink' : '', count(nodes[name] ?? 0)])
  return `${table(nodeColumns, rows)}\n`
}

const nodeColumns = [{ title: 'node' }, { title: '' }, { title: 'records out', align: 'right' }] as const

/** Records that left each node, by name, if the runtime counts them. */
const nodesOf = ({ nodes }: Summary & { readonly nodes?: Readonly<Record<string, number>> }): typeof nodes => nodes
