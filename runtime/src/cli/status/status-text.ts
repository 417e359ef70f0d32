import type { WorkerInfo } from '@millrace/core'
import { bytes, count, instant, span } from '../text/amounts.ts'
import { cutRows } from '../text/cut-rows.ts'
import { type Column, fields, table } from '../text/table.ts'
import type { ExchangeLine } from './exchange-lines.ts'
import type { Problem } from './problems-in.ts'
import type { SourceLine } from './source-lines.ts'
import type { StatusReport } from './status-report.ts'
import type { TaskLine } from './task-line.ts'

/** A status for people: sums, then problems, then the lists, of which long ones are cut unless all is asked for. */
export function statusText(report: StatusReport, all = false): string {
  const { problems, workers, sources, exchanges, tasks } = report
  const list = <T>(columns: readonly Column[], rows: readonly T[], cells: (row: T) => string[]): string => {
    if (rows.length === 0) return ''
    const { shown, rest } = cutRows(rows, all)
    return `${table(columns, shown.map(cells))}${rest}`
  }
  const parts = [
    head(report),
    list(problemColumns, problems, problemCells),
    list(workerColumns, workers, workerCells),
    list(sourceColumns, sources, sourceCells),
    list(exchangeColumns, exchanges, exchangeCells),
    list(taskColumns, worstFirst(tasks, problems), taskCells),
  ]
  return parts.filter(Boolean).join('\n')
}

/** Of a long list what is cut off are tasks that are done. */
function worstFirst(tasks: readonly TaskLine[], problems: readonly Problem[]): TaskLine[] {
  const worst = new Set(problems.map(({ task }) => task))
  const rank = ({ task, state }: TaskLine): number => (worst.has(task) ? 0 : state === 'done' ? 2 : 1)
  return tasks.toSorted((a, b) => rank(a) - rank(b))
}

function head({ job, where, run, now, finished, totals, problems }: StatusReport): string {
  const { workers, tasks, owned, waiting, done, recordsPerSecond, backlog, exchangeBytes } = totals
  return fields([
    ['job', `${job} at ${where}, run ${run}`],
    ['at', `${instant(now)}: ${stateOf(finished, problems.length)}`],
    ['workers', `${count(workers)}, ${count(recordsPerSecond)} records/s, backlog ${count(backlog)}`],
    ['tasks', `${count(tasks)}: ${count(owned)} run, ${count(waiting)} wait for others, ${count(done)} done`],
    ['exchanges', `${bytes(exchangeBytes)} wait`],
  ])
}

function stateOf(isFinished: boolean, problems: number): string {
  if (isFinished) return 'finished'
  return problems === 0 ? 'no problems' : `${count(problems)} ${problems === 1 ? 'problem' : 'problems'}`
}

const problemColumns = [{ title: 'problem' }, { title: 'task' }, { title: '' }]
const problemCells = ({ kind, task = '', text }: Problem): string[] => [kind, task, text]

const workerColumns = [
  { title: 'worker' },
  { title: 'tasks', align: 'right' },
  { title: 'records/s', align: 'right' },
  { title: 'backlog', align: 'right' },
  { title: '' },
] as const

const workerCells = ({ worker, tasks, recordsPerSecond, backlog, isDraining }: WorkerInfo): string[] => [
  worker,
  count(tasks),
  count(recordsPerSecond),
  count(backlog),
  isDraining ? 'gives its tasks away' : '',
]

const sourceColumns = [
  { title: 'source' },
  { title: 'partitions', align: 'right' },
  { title: 'read', align: 'right' },
  { title: 'waiting', align: 'right' },
  { title: 'ended', align: 'right' },
  { title: 'watermark' },
  { title: 'lag', align: 'right' },
] as const

const sourceCells = ({ source, partitions, running, waiting, ended, watermark, lagMs }: SourceLine): string[] => [
  source,
  count(partitions),
  count(running),
  count(waiting),
  count(ended),
  ...eventTime(watermark, lagMs),
]

const exchangeColumns = [
  { title: 'exchange' },
  { title: 'partitions', align: 'right' },
  { title: 'waits', align: 'right' },
  { title: 'most', align: 'right' },
  { title: 'in', align: 'right' },
  { title: 'watermark' },
  { title: 'lag', align: 'right' },
] as const

const exchangeCells = ({ exchange, partitions, bytes: all, fullest, watermark, lagMs }: ExchangeLine): string[] => [
  exchange,
  count(partitions),
  bytes(all),
  bytes(fullest.bytes),
  fullest.bytes === 0 ? '' : String(fullest.partition),
  ...eventTime(watermark, lagMs),
]

const taskColumns = [
  { title: 'task' },
  { title: 'state' },
  { title: 'owner' },
  { title: 'epoch', align: 'right' },
  { title: 'lease', align: 'right' },
  { title: 'checkpoint', align: 'right' },
  { title: 'age', align: 'right' },
  { title: 'watermark' },
  { title: 'lag', align: 'right' },
] as const

const taskCells = ({ task, state, owner, epoch, expiresInMs, seq, ageMs, watermark, lagMs }: TaskLine): string[] => [
  task,
  state === 'ready' && owner !== undefined ? 'runs' : state,
  owner ?? '-',
  String(epoch),
  owner === undefined ? '-' : span(expiresInMs),
  seq === 0 ? '-' : String(seq),
  ageMs === undefined ? '-' : span(ageMs),
  ...eventTime(watermark, lagMs),
]

const eventTime = (watermark: number | undefined, lagMs: number | undefined): [string, string] => [
  watermark === undefined ? '-' : instant(watermark),
  lagMs === undefined ? '-' : span(lagMs),
]
