import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { importKclCommand } from './import-kcl.ts'

/** `millrace import`: takes over from other systems. */
export const importCommand = (context: CommandContext): Command =>
  new Command('import').description('take over from another system').addCommand(importKclCommand(context))
