import { badOption } from '@millrace/core'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { examples, jobOption, jsonOption, redisOption } from '../options.ts'
import { openRedisState } from '../state/open-state.ts'
import type { RedisState } from '../state/redis-state.ts'
import { redisTarget } from '../state/state-target.ts'

interface DrainOptions {
  readonly state: string
  readonly job?: string
  readonly json?: true
}

/** `millrace drain`: a worker gives its tasks to the others, before it is stopped. */
export const drainCommand = ({ io, exit }: CommandContext): Command =>
  new Command('drain')
    .description('have a worker give its tasks to the others and take no new ones; it goes on living without')
    .argument('<worker>', 'its name, as `status` lists it')
    .addOption(redisOption())
    .addOption(jobOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('drain worker-1 --state redis://localhost:6379 --job page-views'))
    .action(async (worker: string, options: DrainOptions) => {
      await using state = await openRedisState(redisTarget(options.state, io), options.job)
      const tasks = await drain(worker, state)
      if (options.json) io.out(`${JSON.stringify({ worker, tasks })}\n`)
      else io.out(`${worker} gives its ${tasks} tasks away; \`millrace status\` shows when it has none left\n`)
      exit(exitCodes.ok)
    })

async function drain(worker: string, { letters: backplane, status }: RedisState): Promise<number> {
  if (await backplane.drain(worker)) return status.workers.find((known) => known.worker === worker)?.tasks ?? 0
  const known = status.workers.map((info) => info.worker).join(', ')
  throw badOption(`worker: there is no ${worker}; ${known === '' ? 'no worker runs the job' : `there are ${known}`}`)
}
