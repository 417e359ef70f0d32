import { type Graph, isMillraceError } from '@millrace/core'
import { Command } from 'commander'
import { buildGraph } from '../build-graph.ts'
import type { CommandContext } from '../command-context.ts'
import { errorText } from '../error-text.ts'
import { exitCodes } from '../exit-code.ts'
import { withoutPasswords } from '../hide-passwords.ts'
import type { Io } from '../io.ts'
import { loadTopology } from '../load-topology.ts'
import { dropOption, examples, jsonOption, setOption } from '../options.ts'
import { describingParams } from '../params.ts'
import { problemsOf } from '../problems.ts'
import { openState } from '../state/open-state.ts'
import { wholeCheckpoint } from '../state/whole-checkpoint.ts'
import { type StateReport, stateReport } from '../state-report.ts'
import { table } from '../text/table.ts'

interface ValidateOptions {
  readonly set: readonly string[]
  readonly drop: readonly string[]
  readonly state?: string
  readonly json?: true
}

interface Verdict extends StateReport {
  readonly job: string | undefined
}

/** `millrace validate`: says whether `millrace run` would start. */
export const validateCommand = ({ io, exit }: CommandContext): Command =>
  new Command('validate')
    .description('check a topology, and whether stored state fits it; exit code 1 when it is refused')
    .argument('<topology.ts>', 'the file whose default export is the topology')
    .addOption(setOption())
    .option('--state <where>', 'the state file, or Redis, that the topology is to go on with')
    .addOption(dropOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('validate topology.ts', 'validate topology.ts --state .millrace/page-views.db'))
    .action(async (path: string, options: ValidateOptions) => {
      const verdict = await validate(path, options, io)
      if (options.json) io.out(`${JSON.stringify(asJson(verdict), null, 2)}\n`)
      else print(verdict, options, io)
      exit(verdict.refusal === undefined ? exitCodes.ok : exitCodes.failed)
    })

async function validate(path: string, { set, state, drop }: ValidateOptions, io: Io): Promise<Verdict> {
  try {
    const topology = await loadTopology(path, io.cwd)
    const graph = buildGraph(topology, describingParams(topology, set, io))
    const job = graph.name
    if (state === undefined) return { job, ...unsaid, refusal: undefined }
    return { job, ...(await compare({ state, job }, graph, drop, io)) }
  } catch (error) {
    if (isMillraceError(error, 'BAD_TOPOLOGY')) return { job: undefined, ...unsaid, refusal: error }
    throw error
  }
}

async function compare(
  options: { readonly state: string; readonly job: string },
  graph: Graph,
  drop: readonly string[],
  io: Io,
): Promise<StateReport> {
  await using state = await openState(options, io)
  return stateReport(wholeCheckpoint(await state.checkpoints(), state.exchanges), graph, drop)
}

const unsaid = { checkpoint: undefined, states: [] }

function print({ job, checkpoint, states, refusal }: Verdict, { state }: ValidateOptions, io: Io): void {
  if (states.length > 0) io.out(`${statesTable(states)}\n`)
  if (refusal !== undefined) return io.err(errorText(refusal, { debug: false }))
  const start = checkpoint === undefined ? 'it starts from the beginning' : `it goes on from checkpoint ${checkpoint}`
  io.out(`${job}: ok${state === undefined ? '' : `; with ${withoutPasswords([state])[0]} ${start}`}\n`)
}

const statesTable = (states: Verdict['states']): string =>
  table(
    [{ title: 'state' }, { title: 'change' }, { title: '' }],
    states.map(({ name, change, from, differences = [] }) => [
      name,
      change,
      [from && `from ${from}`, ...differences].filter(Boolean).join('; '),
    ]),
  )

const asJson = ({ job, checkpoint, states, refusal }: Verdict): object => ({
  job,
  accepted: refusal === undefined,
  ...(refusal && { code: refusal.code }),
  problems: refusal ? problemsOf(refusal) : [],
  checkpoint,
  states,
})
