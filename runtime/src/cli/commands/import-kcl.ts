import type { Graph, Partition } from '@millrace/core'
import { badOption } from '@millrace/core'
import { Command, Option } from 'commander'
import { buildGraph } from '../build-graph.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { loadConnector } from '../load-connector.ts'
import { loadTopology } from '../load-topology.ts'
import { examples, setOption, stateOption } from '../options.ts'
import { runParams } from '../params.ts'
import { jobBeginning } from '../rewind/job-beginning.ts'
import { firstList } from '../rewind/starts-at.ts'
import { count } from '../text/amounts.ts'
import { table } from '../text/table.ts'
import { refuseRunning } from '../transfer/export-job.ts'
import { openNewJobStore } from '../transfer/open-job-store.ts'

interface Shard {
  readonly partition: Partition
  readonly shardId: string
  readonly checkpoint: string | undefined
  readonly start: string | undefined
  readonly problem: string | undefined
}

interface Plan {
  readonly shards: readonly Shard[]
  readonly problems: readonly string[]
}

/** What `@millrace/kinesis/kcl` gives. */
interface KclModule {
  readonly readLeases: (from: string, options?: object) => Promise<readonly object[]>
  readonly planImport: (leases: readonly object[], partitions: readonly Partition[], options: object) => Plan
}

interface ImportOptions {
  readonly source?: string
  readonly set: readonly string[]
  readonly state?: string
  readonly timestamp?: string
  readonly region?: string
  readonly dryRun?: true
}

/** `millrace import kcl`: a job goes on where an application of KCL has stopped. */
export const importKclCommand = ({ io, exit }: CommandContext): Command =>
  new Command('kcl')
    .description('begin a job where an application of the Kinesis Client Library (1, 2 or 3) has stopped')
    .argument('<leases>', "its lease table: 'dynamodb:TABLE', or a file that 'aws dynamodb scan' has written")
    .argument('<topology.ts>', 'the topology of the job')
    .option('--source <name>', 'the source that goes on from the leases (default: the only one)')
    .addOption(stateOption())
    .addOption(setOption())
    .option('--timestamp <moment>', 'what AT_TIMESTAMP meant, as 2026-11-26T10:00:00Z (default: the oldest record)')
    .option('--region <region>', 'of the table')
    .addOption(new Option('--dry-run', 'say where each shard would begin, and change nothing'))
    .addHelpText(
      'after',
      examples(
        'import kcl leases.json topology.ts --dry-run',
        'import kcl dynamodb:my-app topology.ts --state redis://localhost:6379',
      ),
    )
    .action(async (leases: string, path: string, options: ImportOptions) => {
      const topology = await loadTopology(path, io.cwd)
      const graph = buildGraph(topology, runParams(topology, options.set, io))
      const source = sourceOf(graph, options.source)
      const plan = await planOf(leases, source, options, io)
      report(plan, io)
      if (!options.dryRun) await put(topology.name, graph, source.name, plan, options, io)
      exit(exitCodes.ok)
    })

type SourceOfGraph = Graph['sources'][number]

function sourceOf({ sources }: Graph, name: string | undefined): SourceOfGraph {
  const names = sources.map((each) => each.name).join(', ')
  const found =
    name === undefined
      ? sources.filter(({ source }) => source.kind === 'kinesis')
      : sources.filter((each) => each.name === name)
  const [source] = found
  if (source === undefined || found.length > 1) throw badOption(`--source: name one that reads Kinesis, of: ${names}`)
  if (source.source.kind !== 'kinesis')
    throw badOption(`--source: ${source.name} reads ${source.source.kind}, not Kinesis`)
  return source
}

async function planOf(leases: string, { source }: SourceOfGraph, options: ImportOptions, io: Io): Promise<Plan> {
  const kcl = await loadConnector<KclModule>('@millrace/kinesis', 'kcl', io.cwd)
  const timestamp = options.timestamp === undefined ? undefined : Date.parse(options.timestamp)
  if (Number.isNaN(timestamp))
    throw badOption(`--timestamp: '${options.timestamp}' is no moment, as 2026-11-26T10:00:00Z`)
  const read = await kcl.readLeases(leases, options.region === undefined ? {} : { region: options.region })
  const ending = new AbortController()
  try {
    const partitions = await firstList(source, { clock: io.world.clock, signal: ending.signal })
    return kcl.planImport(read, partitions, { now: io.world.clock.now(), timestamp })
  } finally {
    ending.abort()
  }
}

const columns = ['shard', 'checkpoint', 'goes on at', ''].map((title) => ({ title }))

function report({ shards, problems }: Plan, io: Io): void {
  const rows = shards.map(({ shardId, checkpoint = '-', start = 'ended', problem = '' }) => [
    shardId,
    checkpoint,
    start,
    problem,
  ])
  io.out(`${table(columns, rows)}\n`)
  for (const problem of problems) io.out(`${problem}\n`)
}

async function put(
  job: string,
  graph: Graph,
  source: string,
  { shards }: Plan,
  options: ImportOptions,
  io: Io,
): Promise<void> {
  await using store = await openNewJobStore({ ...options, job }, job, io)
  await refuseRunning(store, 'import')
  const before = await store.read()
  if (before !== undefined && before.tasks.length > 0)
    throw badOption(
      `--state: ${store.where} has ${count(before.tasks.length)} tasks of job ${job} already: millrace rewind forgets them`,
    )
  const starts = shards.map(({ partition, start = null }) => ({ source, partition, position: start }))
  await store.begin(job)
  await store.restore({ job, consumed: {}, ...jobBeginning(store.kind, graph, starts, io.world) })
  io.out(`${store.where}: ${count(starts.length)} shards of ${job} begin there with its next start\n`)
}
