import type { Checkpoint } from '@millrace/core'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { allOption, examples, jobOption, jsonOption, stateOption } from '../options.ts'
import type { StateOptions } from '../state-file.ts'
import type { JobState } from '../state/job-state.ts'
import { openState } from '../state/open-state.ts'
import { bytes, count, instant, span } from '../text/amounts.ts'
import { cutRows } from '../text/cut-rows.ts'
import { table } from '../text/table.ts'

interface LsOptions extends StateOptions {
  readonly all?: true
  readonly json?: true
}

/** `millrace checkpoints ls`: the checkpoints that are kept, the last one first. */
export const checkpointsLsCommand = ({ io, exit }: CommandContext): Command =>
  new Command('ls')
    .description('list the checkpoints that are kept, the last one first')
    .addOption(stateOption())
    .addOption(jobOption())
    .addOption(allOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('checkpoints ls', 'checkpoints ls --state .millrace/page-views.db --json'))
    .action(async (options: LsOptions) => {
      await using state = await openState(options, io)
      const now = io.world.clock.now()
      const checkpoints = (await state.checkpoints()).map((checkpoint) => summaryOf(checkpoint, now))
      if (options.json) io.out(`${JSON.stringify(checkpoints, null, 2)}\n`)
      else print(checkpoints, options, state, io)
      exit(exitCodes.ok)
    })

type Summary = ReturnType<typeof summaryOf>

const summaryOf = ({ task, seq, takenAt, tenure, positions, state, handles, finished }: Checkpoint, now: number) => ({
  task,
  seq,
  takenAt: new Date(takenAt).toISOString(),
  ageMs: Math.max(0, now - takenAt),
  run: tenure.run,
  epoch: tenure.epoch,
  partitions: Object.values(positions).reduce((sum, partitions) => sum + Object.keys(partitions).length, 0),
  stateBytes: state.reduce((sum, blob) => sum + blob.bytes, 0),
  handles: handles.length,
  finished,
})

function print(
  checkpoints: readonly Summary[],
  { all }: LsOptions,
  { job = 'the job', where }: JobState,
  io: Io,
): void {
  if (checkpoints.length === 0) return io.out(`${where}: ${job} has no checkpoint yet\n`)
  const { shown, rest } = cutRows(checkpoints, all)
  // a job that runs as one task gives it its own name
  const first = { title: shown.every(({ task }) => task === job) ? 'job' : 'task' }
  io.out(`${table([first, ...columns], shown.map(row))}${rest}`)
}

const columns = [
  { title: 'seq', align: 'right' },
  { title: 'taken' },
  { title: 'age', align: 'right' },
  { title: 'run' },
  { title: 'epoch', align: 'right' },
  { title: 'partitions', align: 'right' },
  { title: 'state', align: 'right' },
  { title: 'handles', align: 'right' },
  { title: 'finished' },
] as const

const row = (checkpoint: Summary): string[] => [
  checkpoint.task,
  count(checkpoint.seq),
  instant(Date.parse(checkpoint.takenAt)),
  span(checkpoint.ageMs),
  checkpoint.run,
  count(checkpoint.epoch),
  count(checkpoint.partitions),
  bytes(checkpoint.stateBytes),
  count(checkpoint.handles),
  checkpoint.finished ? 'yes' : 'no',
]
