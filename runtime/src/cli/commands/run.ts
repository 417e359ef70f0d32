import { Command, Option } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { exitCodesHelp } from '../exit-code.ts'
import { loadTopology } from '../load-topology.ts'
import { dropOption, examples, setOption, wholeNumber } from '../options.ts'
import { runParams } from '../params.ts'
import { logLevels } from '../../logger.ts'
import { resolveRunOptions, type RunOptions } from '../run/run-options.ts'

const progress = (): Option =>
  new Option('--progress <form>', 'on stderr: a block drawn in place, or JSON log lines (default: by what stderr is)')
const summary = (): Option =>
  new Option('--summary <form>', 'form of the summary at the end (default: text on a terminal, else json)')
const logLevel = (): Option =>
  new Option('--log-level <level>', 'how much is said (default: warn on a terminal, else info)')

const runState =
  "the state file, or the URL of the Redis that workers share; 'memory' for none (default: .millrace/<job>.db)"

/** `millrace run`: runs a topology until its input ends or it is asked to stop. */
export const runCommand = ({ io, exit }: CommandContext): Command =>
  new Command('run')
    .description('run a topology in this process until its input ends, or Ctrl-C or SIGTERM stops it')
    .argument('<topology.ts>', 'the file whose default export is the topology')
    .addOption(setOption())
    .option('--state <where>', runState)
    .option(
      '--state-store <where>',
      "where keyed state goes: 'redis', or file:PATH that all workers see (default: redis)",
    )
    .option('--checkpoint-every <duration>', 'time between checkpoints: output becomes visible with them', '1s')
    .option('--lease <duration>', 'how long others wait for this process before they take over (default: 10s)')
    .option('--durability <how>', 'what output waits for: auto, none, aof, replicas=N or both (default: auto)')
    .option(
      '--workers <n>',
      'how many threads of this process work: on a Redis a worker each, else they read and decode for one',
      wholeNumber,
      1,
    )
    .option('--worker <name>', 'name of this worker, unique among all (default: made of host and process)')
    .option('--partitions <n>', 'cuts each exchange into so many; fixed at the first start (default: 16)', wholeNumber)
    .option('--exchange-every <duration>', 'time between checkpoints of stages that only send on (default: 100ms)')
    .addOption(dropOption())
    .addOption(logLevel().choices(logLevels))
    .addOption(progress().choices(['terminal', 'json']))
    .addOption(summary().choices(['text', 'json']))
    .addHelpText('after', runExamples)
    .addHelpText('after', exitCodesHelp)
    .action(async (path: string, options: RunOptions) => {
      const topology = await loadTopology(path, io.cwd)
      const resolved = resolveRunOptions(options, topology.name, io)
      const params = runParams(topology, options.set, io)
      // Only this command needs what comes with it: a worker, a logger.
      const { runJob } = await import('../run/run-job.ts')
      exit(await runJob({ path, topology, set: options.set, params, options: resolved, io }))
    })

const runExamples = examples(
  'run topology.ts',
  'run topology.ts --set stream=clicks --set password=env:PASSWORD --checkpoint-every 5s',
  'run topology.ts --state memory --summary text',
  'run topology.ts --state redis://localhost:6379 --workers 4',
)
