import { badOption, sizeBytes } from '@millrace/core'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { messageOf } from '../error-text.ts'
import { exitCodes } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { allOption, durationOption, examples, jobOption, jsonOption, redisOption } from '../options.ts'
import { openRedisState } from '../state/open-state.ts'
import type { RedisState } from '../state/redis-state.ts'
import { redisTarget } from '../state/state-target.ts'
import { statusJson } from '../status/status-json.ts'
import type { Thresholds } from '../status/problems-in.ts'
import { type StatusReport, statusReport } from '../status/status-report.ts'
import { statusText } from '../status/status-text.ts'

interface StatusOptions {
  readonly state: string
  readonly job?: string
  readonly watch?: true
  readonly all?: true
  readonly json?: true
  readonly old: string
  readonly full: string
}

const watchEveryMs = 2_000

/** `millrace status`: the workers of a job and how far it is, problems first. */
export const statusCommand = ({ io, exit }: CommandContext): Command =>
  new Command('status')
    .description('show the workers of a job, its tasks, and how far it is; problems first')
    .addOption(redisOption())
    .addOption(jobOption())
    .option('--watch', 'show it again every two seconds, until Ctrl-C')
    .addOption(allOption())
    .addOption(jsonOption())
    .option('--old <duration>', 'a checkpoint of this age is a problem, while records wait', '1m')
    .option('--full <size>', 'so much in one partition of an exchange is a problem', '4MiB')
    .addHelpText(
      'after',
      examples('status --state redis://localhost:6379 --job page-views', 'status --state … --job page-views --watch'),
    )
    .action(async (options: StatusOptions) => {
      const thresholds = thresholdsOf(options)
      await using state = await openRedisState(redisTarget(options.state, io), options.job)
      show(state, thresholds, options, io)
      if (options.watch) await watch(state, thresholds, options, io)
      exit(exitCodes.ok)
    })

function thresholdsOf({ old, full }: StatusOptions): Thresholds {
  const fullBytes = sizeBytes(full, '--full')
  if (fullBytes <= 0) throw badOption('--full: must be more than nothing')
  return { oldMs: durationOption(old, '--old'), fullBytes }
}

function show({ job, where, status }: RedisState, thresholds: Thresholds, options: StatusOptions, io: Io): void {
  const report = statusReport(job, where, status, thresholds)
  io.out(
    options.json ? jsonOf(report, options) : `${options.watch ? clearing(io) : ''}${statusText(report, options.all)}`,
  )
}

/** One that is watched is a line, for whoever reads them one by one. */
const jsonOf = (report: StatusReport, { watch: isWatched }: StatusOptions): string =>
  `${JSON.stringify(statusJson(report), null, isWatched ? 0 : 2)}\n`

/** The cursor goes to the top, and all below is cleared; elsewhere an empty line lies between. */
const clearing = ({ stdout }: Io): string => (stdout.isTTY ? '\x1b[H\x1b[J' : '\n')

/** Goes on while the Redis is away: that is when people look. */
async function watch(state: RedisState, thresholds: Thresholds, options: StatusOptions, io: Io): Promise<never> {
  for (;;) {
    await new Promise<void>((resolve) => void io.world.timer(watchEveryMs, resolve))
    try {
      await state.refresh()
      show(state, thresholds, options, io)
    } catch (error) {
      io.err(`error: ${messageOf(error)}\n`)
    }
  }
}
