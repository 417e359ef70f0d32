import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { checkpointsLsCommand } from './checkpoints-ls.ts'
import { checkpointsShowCommand } from './checkpoints-show.ts'

/** `millrace checkpoints`: its commands look into what a job has stored. */
export const checkpointsCommand = (context: CommandContext): Command =>
  new Command('checkpoints')
    .description('look into the checkpoints of a job')
    .addCommand(checkpointsLsCommand(context))
    .addCommand(checkpointsShowCommand(context))
