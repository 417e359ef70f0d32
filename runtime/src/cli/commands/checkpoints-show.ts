import { badOption, type Checkpoint } from '@millrace/core'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { type SourceWatermarks, watermarksIn } from '../engine-meta.ts'
import { exitCodes } from '../exit-code.ts'
import { examples, jobOption, jsonOption, stateOption, wholeNumber } from '../options.ts'
import type { StateOptions } from '../state-file.ts'
import type { JobState } from '../state/job-state.ts'
import { openState } from '../state/open-state.ts'
import { bytes, instant, span } from '../text/amounts.ts'
import { fields, table } from '../text/table.ts'

interface ShowOptions extends StateOptions {
  readonly task?: string
  readonly seq?: number
  readonly json?: true
}

/** `millrace checkpoints show`: all that a checkpoint holds, but for the bytes of the state. */
export const checkpointsShowCommand = ({ io, exit }: CommandContext): Command =>
  new Command('show')
    .description('show the last checkpoint: positions, watermarks, state, handles')
    .addOption(stateOption())
    .addOption(jobOption())
    .option('--task <name>', 'of a job of many tasks: whose, as `checkpoints ls` lists them')
    .option('--seq <n>', 'another one that is kept, by its number', wholeNumber)
    .addOption(jsonOption())
    .addHelpText('after', examples('checkpoints show', 'checkpoints show --state .millrace/page-views.db --json'))
    .action(async (options: ShowOptions) => {
      await using state = await openState(options, io)
      const checkpoint = await find(state, options)
      const now = io.world.clock.now()
      io.out(options.json ? `${JSON.stringify(asJson(checkpoint, now), null, 2)}\n` : text(checkpoint, now))
      exit(exitCodes.ok)
    })

async function find(state: JobState, { task, seq }: ShowOptions): Promise<Checkpoint> {
  const all = await state.checkpoints()
  if (all.length === 0) throw badOption(`--state: ${state.where} holds no checkpoint yet`)
  const of = task ?? onlyTask(all)
  const kept = all.filter((checkpoint) => checkpoint.task === of)
  if (kept.length === 0)
    throw badOption(`--task: ${of} has no checkpoint; \`millrace checkpoints ls\` lists those that have`)
  const found = kept.find((checkpoint) => seq === undefined || checkpoint.seq === seq)
  if (found !== undefined) return found
  throw badOption(`--seq: ${seq} is not kept; there are ${kept.map((checkpoint) => checkpoint.seq).join(', ')}`)
}

function onlyTask(checkpoints: readonly Checkpoint[]): string {
  const [first, ...others] = new Set(checkpoints.map(({ task }) => task))
  if (first !== undefined && others.length === 0) return first
  throw badOption(`--task: name one of ${others.length + 1}, as ${first}; \`millrace checkpoints ls\` lists them`)
}

/** What a sink put into a handle, and what it wants back, is its own and stays there. */
function asJson(checkpoint: Checkpoint, now: number): object {
  const { task, seq, takenAt, tenure, positions, topology, state, handles, finished } = checkpoint
  const age = { takenAt: new Date(takenAt).toISOString(), ageMs: Math.max(0, now - takenAt) }
  const shown = handles.map(({ sink, id, destination, expiresAt }) => ({ sink, id, destination, expiresAt }))
  // JSON has no infinities: null is the watermark before the first event time, and after the last
  return {
    task,
    seq,
    ...age,
    ...tenure,
    positions,
    watermarks: watermarksIn(checkpoint),
    state,
    handles: shown,
    topology,
    finished,
  }
}

function text(checkpoint: Checkpoint, now: number): string {
  const { handles, state } = checkpoint
  const parts = [
    fields(head(checkpoint, now)),
    positionsTable(checkpoint),
    state.length > 0 &&
      table(
        blobColumns,
        state.map(({ id, kind, bytes: size, hash }) => [id, kind, bytes(size), hash.slice(0, 12)]),
      ),
    handles.length > 0 &&
      table(
        handleColumns,
        handles.map(({ sink, id, destination }) => [sink, id, destination]),
      ),
  ]
  return parts.filter(Boolean).join('\n')
}

function head({ task, seq, takenAt, tenure, state, handles, finished }: Checkpoint, now: number): [string, string][] {
  const stored = state.reduce((sum, blob) => sum + blob.bytes, 0)
  return [
    // a job that runs as one task gives it its own name
    [task.includes('/') ? 'task' : 'job', task],
    ['seq', String(seq)],
    ['taken', `${instant(takenAt)}, ${span(now - takenAt)} ago`],
    ['run', tenure.run],
    ['epoch', String(tenure.epoch)],
    ['state', `${bytes(stored)} in ${state.length} blobs`],
    [
      'handles',
      handles.length === 0
        ? 'none'
        : `${handles.length}, made visible right after this checkpoint or by the next start`,
    ],
    ['finished', finished ? 'yes: the input was final and all of it is processed' : 'no'],
  ]
}

function positionsTable(checkpoint: Checkpoint): string {
  const watermarks = watermarksIn(checkpoint)
  const rows = Object.entries(checkpoint.positions).flatMap(([source, partitions]) =>
    Object.entries(partitions).map(([id, position]) => [
      source,
      id,
      position ?? 'ended',
      watermarkOf(watermarks[source], id),
    ]),
  )
  return rows.length === 0 ? '' : table(positionColumns, rows)
}

const watermarkOf = (source: SourceWatermarks | undefined, partition: string): string =>
  instant(source?.partitions[partition] ?? source?.watermark ?? NaN)

const positionColumns = [{ title: 'source' }, { title: 'partition' }, { title: 'position' }, { title: 'watermark' }]
const blobColumns = [
  { title: 'state blob' },
  { title: 'kind' },
  { title: 'bytes', align: 'right' },
  { title: 'sha-256' },
] as const
const handleColumns = [{ title: 'sink' }, { title: 'handle' }, { title: 'destination' }]
