import type { Checkpoint } from '@millrace/core'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { examples, jobOption, jsonOption, stateOption } from '../options.ts'
import { StateFile, type StateOptions } from '../state-file.ts'
import { bytes, count, instant, span } from '../text/amounts.ts'
import { table } from '../text/table.ts'

interface LsOptions extends StateOptions {
  readonly json?: true
}

/** `millrace checkpoints ls`: the checkpoints that are kept, the last one first. */
export const checkpointsLsCommand = ({ io, exit }: CommandContext): Command =>
  new Command('ls')
    .description('list the checkpoints that are kept, the last one first')
    .addOption(stateOption())
    .addOption(jobOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('checkpoints ls', 'checkpoints ls --state .millrace/page-views.db --json'))
    .action((options: LsOptions) => {
      const file = StateFile.open(options, io.cwd)
      const checkpoints = file.checkpoints().map((checkpoint) => summaryOf(checkpoint, io.world.clock.now()))
      if (options.json) io.out(`${JSON.stringify(checkpoints, null, 2)}\n`)
      else print(checkpoints, file, io)
      file.close()
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

function print(checkpoints: readonly Summary[], { job = 'the job', path }: StateFile, io: Io): void {
  if (checkpoints.length === 0) return io.out(`${path}: ${job} has no checkpoint yet\n`)
  io.out(table(columns, checkpoints.map(row)))
}

const columns = [
  { title: 'job' },
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
