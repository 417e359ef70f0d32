import { badOption } from '@millrace/core'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { checkCode, DeadLetterStore } from '../dead-letter-store.ts'
import { exitCodes } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { codeOption, examples, jobOption, jsonOption, stateOption, wholeNumber } from '../options.ts'
import type { StateOptions } from '../state-file.ts'
import type { JobState, Runner } from '../state/job-state.ts'
import { openState } from '../state/open-state.ts'

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
      await using state = await openState(options, io)
      const marked = await mark(new DeadLetterStore(state), ids, options)
      await report(marked, options, state, io)
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

async function report(marked: number, { json }: RedriveOptions, state: JobState, io: Io): Promise<void> {
  const runners = await state.runners()
  if (json) return io.out(`${JSON.stringify(asJson(marked, runners, state))}\n`)
  if (marked === 0) return io.out(`${state.where}: no such dead letters; nothing to do\n`)
  io.out(
    `${marked} marked. ${readers(runners, state)} them again; each then leaves the list, or comes back under a new id.\n`,
  )
}

function asJson(marked: number, runners: readonly Runner[], { where }: JobState): object {
  const pid = runners.find((runner) => runner.pid !== undefined)?.pid
  const workers = runners.filter((runner) => runner.pid === undefined).map(({ name }) => name)
  return { marked, state: where, runningPid: pid ?? null, ...(workers.length > 0 && { workers }) }
}

function readers(runners: readonly Runner[], { options }: JobState): string {
  const [first, ...others] = runners
  if (first === undefined) return `The next start (\`millrace run <topology.ts> ${options}\`) reads`
  return others.length === 0
    ? `The worker that runs now (${first.name}) reads`
    : `The ${runners.length} workers that run now read`
}
