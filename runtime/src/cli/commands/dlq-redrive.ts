import { badOption } from '@millrace/core'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { checkCode, DeadLetterStore } from '../dead-letter-store.ts'
import { exitCodes } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { codeOption, examples, jobOption, jsonOption, stateOption, wholeNumber } from '../options.ts'
import { StateFile, type StateOptions } from '../state-file.ts'

interface RedriveOptions extends StateOptions {
  readonly all?: true
  readonly code?: string
  readonly limit?: number
  readonly json?: true
}

/** `millrace dlq redrive`: marks dead letters, so that a worker reads them again. */
export const dlqRedriveCommand = ({ io, exit }: CommandContext): Command =>
  new Command('redrive')
    .description('have dead letters read again, by the running worker or by the next start')
    .argument('[ids...]', 'their ids, as `dlq ls` lists them', collectIds, [])
    .option('--all', 'all of them, or all that --code names')
    .addOption(codeOption())
    .option('--limit <n>', 'with --all: how many at most, oldest first', wholeNumber)
    .addOption(stateOption())
    .addOption(jobOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('dlq redrive 17 18', 'dlq redrive --all --code USER_CODE --limit 100'))
    .action(async (ids: readonly number[], options: RedriveOptions) => {
      checkRequest(ids, options)
      const store = new DeadLetterStore(options, io.cwd)
      const marked = await mark(store, ids, options)
      await store.close()
      report(marked, options, io)
      exit(exitCodes.ok)
    })

const collectIds = (text: string, before: readonly number[]): readonly number[] => [...before, wholeNumber(text)]

function checkRequest(ids: readonly number[], { all, code, limit }: RedriveOptions): void {
  checkCode(code)
  if (all && ids.length > 0) throw badOption('--all: means every dead letter; leave out the ids, or --all')
  if (!all && ids.length === 0)
    throw badOption('ids: name the dead letters, or give --all; `millrace dlq ls` lists them')
  if (!all && (code !== undefined || limit !== undefined))
    throw badOption('--code and --limit: choose among --all; leave out the ids')
}

async function mark(
  store: DeadLetterStore,
  ids: readonly number[],
  { all, ...filter }: RedriveOptions,
): Promise<number> {
  if (!all) for (const id of ids) await store.get(id)
  if (!all) return store.redrive(ids)
  if (filter.code === undefined && filter.limit === undefined) return store.redrive()
  const letters = await store.list(filter)
  return letters.length === 0 ? 0 : store.redrive(letters.map(({ id }) => id))
}

function report(marked: number, options: RedriveOptions, io: Io): void {
  const file = StateFile.open(options, io.cwd)
  const { path } = file
  const runner = file.runner()
  file.close()
  if (options.json) return io.out(`${JSON.stringify({ marked, state: path, runningPid: runner?.pid ?? null })}\n`)
  if (marked === 0) return io.out(`${path}: no such dead letters; nothing to do\n`)
  const who = runner
    ? `The worker that runs now (process ${runner.pid})`
    : `The next start (\`millrace run <topology.ts> --state ${path}\`)`
  io.out(`${marked} marked. ${who} reads them again; each then leaves the list, or comes back under a new id.\n`)
}
