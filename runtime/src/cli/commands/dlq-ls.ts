import type { StoredDeadLetter } from '@millrace/core'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { checkCode, DeadLetterStore, originOf } from '../dead-letter-store.ts'
import { exitCodes } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { letterJson } from '../letter-json.ts'
import { codeOption, examples, jobOption, jsonOption, stateOption, wholeNumber } from '../options.ts'
import type { StateOptions } from '../state-file.ts'
import { openState } from '../state/open-state.ts'
import { instant } from '../text/amounts.ts'
import { onOneLine, table } from '../text/table.ts'

interface LsOptions extends StateOptions {
  readonly code?: string
  readonly limit: number
  readonly after?: number
  readonly json?: true
}

/** `millrace dlq ls`: dead letters as a table, oldest first. */
export const dlqLsCommand = ({ io, exit }: CommandContext): Command =>
  new Command('ls')
    .description('list dead letters, oldest first')
    .addOption(stateOption())
    .addOption(jobOption())
    .addOption(codeOption())
    .option('--limit <n>', 'how many at most', wholeNumber, 20)
    .option('--after <id>', 'only later ones than this', wholeNumber)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples('dlq ls', 'dlq ls --code LATE --limit 100', 'dlq ls --state .millrace/page-views.db --json'),
    )
    .action(async (options: LsOptions) => {
      checkCode(options.code)
      await using state = await openState(options, io)
      // one more than is shown tells whether there are more
      const letters = await new DeadLetterStore(state).list({ ...options, limit: options.limit + 1 })
      if (options.json) io.out(`${JSON.stringify(letters.slice(0, options.limit).map(letterJson), null, 2)}\n`)
      else print(letters, options, state.where, io)
      exit(exitCodes.ok)
    })

function print(letters: readonly StoredDeadLetter[], { limit, code }: LsOptions, where: string, io: Io): void {
  if (letters.length === 0) return io.out(`${where}: no dead letters${code === undefined ? '' : ` of code ${code}`}\n`)
  const shown = letters.slice(0, limit)
  io.out(
    table(
      columns,
      shown.map((letter) => row(letter, io.stdout.columns ?? Infinity)),
    ),
  )
  if (letters.length > limit)
    io.out(`\nThere are more: --after ${shown.at(-1)?.id} goes on, --limit shows more at once.\n`)
}

const columns = [
  { title: 'id', align: 'right' },
  { title: 'time' },
  { title: 'node' },
  { title: 'code' },
  { title: 'position' },
  { title: 'message' },
] as const

const row = (letter: StoredDeadLetter, width: number): string[] => {
  const { id, at, node, code, state, message } = letter
  const mark = state === 'redrive' ? '(to be read again) ' : ''
  return [
    String(id),
    instant(at),
    node,
    code,
    originOf(letter),
    cut(`${mark}${onOneLine(message)}`, Math.max(40, width - 80)),
  ]
}

const cut = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, width - 1)}…`)
