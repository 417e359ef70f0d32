import { Command, CommanderError } from 'commander'
import type { CommandContext } from './command-context.ts'
import { agentCommand } from './commands/agent.ts'
import { checkpointsCommand } from './commands/checkpoints.ts'
import { dlqCommand } from './commands/dlq.ts'
import { drainCommand } from './commands/drain.ts'
import { explainCommand } from './commands/explain.ts'
import { importCommand } from './commands/import.ts'
import { initCommand } from './commands/init.ts'
import { releaseCommand } from './commands/release.ts'
import { rewindCommand } from './commands/rewind.ts'
import { runCommand } from './commands/run.ts'
import { statusCommand } from './commands/status.ts'
import { validateCommand } from './commands/validate.ts'
import { exitCodes, exitCodesHelp } from './exit-code.ts'
import { hidePasswords } from './hide-passwords.ts'
import type { Io } from './io.ts'
import { examples } from './options.ts'
import { reportFailure } from './report-failure.ts'
import { version } from './version.ts'

/** Runs the command that the arguments say. Never rejects. @returns the exit code */
export async function runProgram(args: readonly string[], io: Io): Promise<number> {
  hidePasswords(args, io)
  let code: number = exitCodes.ok
  try {
    await programOf({ io, exit: (given) => (code = given) }).parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    // commander has said what is wrong
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    return reportFailure(error, args, io)
  }
}

const commands = [
  runCommand,
  explainCommand,
  validateCommand,
  statusCommand,
  drainCommand,
  rewindCommand,
  releaseCommand,
  checkpointsCommand,
  dlqCommand,
  agentCommand,
  importCommand,
  initCommand,
]

function programOf(context: CommandContext): Command {
  const { io } = context
  const program = new Command('millrace')
    .description('Stateful stream processing for TypeScript')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help for the command')
    .helpCommand('help [command]', 'print help for the command')
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .exitOverride()
    .addHelpText('after', programExamples)
    .addHelpText('after', exitCodesHelp)
  for (const make of commands) program.addCommand(inheriting(program, make(context)))
  return program
}

/** Commands that are added do not by themselves take over how errors end. */
function inheriting(program: Command, command: Command): Command {
  for (const sub of command.commands) sub.copyInheritedSettings(program)
  return command.copyInheritedSettings(program)
}

const programExamples = examples(
  'init page-views',
  'run topology.ts --set out=./out',
  'explain topology.ts',
  'status --state redis://localhost:6379 --job page-views',
  'dlq ls --state .millrace/page-views.db',
)
