import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { dlqLsCommand } from './dlq-ls.ts'
import { dlqRedriveCommand } from './dlq-redrive.ts'
import { dlqShowCommand } from './dlq-show.ts'

/** `millrace dlq`: its commands look into the dead letters of a job, and send them again. */
export const dlqCommand = (context: CommandContext): Command =>
  new Command('dlq')
    .description('list, show and redrive dead letters: records that a job could not process')
    .addCommand(dlqLsCommand(context))
    .addCommand(dlqShowCommand(context))
    .addCommand(dlqRedriveCommand(context))
