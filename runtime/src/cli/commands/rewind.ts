import { badOption } from '@millrace/core'
import { Command } from 'commander'
import { buildGraph } from '../build-graph.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { loadTopology } from '../load-topology.ts'
import { examples, jobOption, jsonOption, setOption, stateOption } from '../options.ts'
import { runParams } from '../params.ts'
import { count } from '../text/amounts.ts'
import { refuseRunning } from '../transfer/export-job.ts'
import type { JobImage } from '../transfer/job-image.ts'
import type { JobStore } from '../transfer/job-store.ts'
import { openJobStore } from '../transfer/open-job-store.ts'

interface RewindOptions {
  readonly to: string
  readonly set: readonly string[]
  readonly state?: string
  readonly job?: string
  readonly yes?: true
  readonly force?: true
  readonly json?: true
}

/** `millrace rewind`: the job begins anew, in another run. */
export const rewindCommand = ({ io, exit }: CommandContext): Command =>
  new Command('rewind')
    .description('begin a job anew: what it has stored is forgotten, what it has put out stays')
    .argument('[topology.ts]', 'its topology: needed to begin at a moment')
    .requiredOption(
      '--to <when>',
      "'start', where its sources begin; or a moment, as 2026-11-26T10:00:00Z, if they can",
    )
    .addOption(stateOption())
    .addOption(jobOption())
    .addOption(setOption())
    .option('--yes', 'without a question')
    .option('--force', 'even while workers run: all of them must be started again at once')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        'rewind --to start --state redis://localhost:6379 --job page-views',
        'rewind topology.ts --to 2026-11-26T10:00:00Z --state redis://localhost:6379',
      ),
    )
    .action(async (path: string | undefined, options: RewindOptions) => {
      const at = momentOf(options.to)
      const begin = at === undefined ? undefined : await beginning(path, at, options, io)
      await using store = await openJobStore({ ...options, ...(begin && { job: begin.job }) }, io)
      const image = await rewound(store, options, io)
      if (image !== undefined && begin !== undefined)
        await store.restore({ job: begin.job, consumed: {}, ...begin.imageFor(store.kind) })
      if (image !== undefined) report(image, store, options, io)
      exit(image === undefined ? exitCodes.failed : exitCodes.ok)
    })

/** Undefined for the start. */
function momentOf(text: string): number | undefined {
  if (text === 'start') return undefined
  const at = /^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : NaN
  if (Number.isFinite(at)) return at
  throw badOption("--to: must be 'start', or a moment with its zone, as 2026-11-26T10:00:00Z")
}

interface Beginning {
  readonly job: string
  readonly imageFor: (kind: JobImage['kind']) => Pick<JobImage, 'stages' | 'tasks'>
}

/** Where the sources are at a moment; asked before anything is forgotten. */
async function beginning(
  path: string | undefined,
  at: number,
  { set, job }: RewindOptions,
  io: Io,
): Promise<Beginning> {
  if (path === undefined) throw badOption('topology.ts: name it: its sources are asked where they were at that moment')
  const topology = await loadTopology(path, io.cwd)
  if (job !== undefined && job !== topology.name) throw badOption(`--job: ${path} is job '${topology.name}'`)
  const graph = buildGraph(topology, runParams(topology, set, io))
  const [{ startsAt }, { jobBeginning }] = await Promise.all([
    import('../rewind/starts-at.ts'),
    import('../rewind/job-beginning.ts'),
  ])
  const ending = new AbortController()
  try {
    const starts = await startsAt(graph, at, { clock: io.world.clock, signal: ending.signal })
    return { job: topology.name, imageFor: (kind) => jobBeginning(kind, graph, starts, io.world) }
  } finally {
    ending.abort()
  }
}

/** What was forgotten; undefined when somebody thought better of it. */
async function rewound(store: JobStore, options: RewindOptions, io: Io): Promise<JobImage | undefined> {
  if (!options.force) await refuseRunning(store, 'rewind')
  const image = await store.read()
  if (image === undefined) throw badOption(`--state: ${store.where} holds nothing of the job: it begins anew as it is`)
  if (!options.yes && !(await isSure(image, store, io))) return undefined
  await store.begin(image.job)
  return image
}

async function isSure({ job, tasks }: JobImage, { where }: JobStore, io: Io): Promise<boolean> {
  const answer = await io.ask(
    `${job} at ${where}: checkpoints and state of ${count(tasks.length)} tasks will be forgotten, and output written again. Go on? [y/N] `,
  )
  if (answer === undefined) throw badOption('--yes: give it where nobody can be asked')
  if (/^y(es)?$/i.test(answer.trim())) return true
  io.err('nothing was changed\n')
  return false
}

function report({ job, tasks }: JobImage, { where }: JobStore, { to, json }: RewindOptions, io: Io): void {
  if (json) return io.out(`${JSON.stringify({ job, state: where, to, tasks: tasks.length })}\n`)
  io.out(`${where}: ${job} begins again ${to === 'start' ? 'from the start' : `at ${to}`} with its next start\n`)
}
