import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { checkpointsExportCommand } from './checkpoints-export.ts'
import { checkpointsImportCommand } from './checkpoints-import.ts'
import { checkpointsLsCommand } from './checkpoints-ls.ts'
import { checkpointsShowCommand } from './checkpoints-show.ts'

/** `millrace checkpoints`: its commands are about what a job has stored. */
export const checkpointsCommand = (context: CommandContext): Command =>
  new Command('checkpoints')
    .description('look into the checkpoints of a job, take them out, put them back')
    .addCommand(checkpointsLsCommand(context))
    .addCommand(checkpointsShowCommand(context))
    .addCommand(checkpointsExportCommand(context))
    .addCommand(checkpointsImportCommand(context))
