import { Command } from 'commander'
import { explainTopology } from '../build-graph.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { loadTopology } from '../load-topology.ts'
import { examples, setOption } from '../options.ts'
import { describingParams } from '../params.ts'

interface ExplainOptions {
  readonly set: readonly string[]
  readonly mermaid?: true
}

/** `millrace explain`: prints the plan of a topology. */
export const explainCommand = ({ io, exit }: CommandContext): Command =>
  new Command('explain')
    .description('print the plan of a topology: nodes, keys, windows, states, exchanges')
    .argument('<topology.ts>', 'the file whose default export is the topology')
    .addOption(setOption())
    .option('--mermaid', 'print a Mermaid flowchart')
    .addHelpText(
      'after',
      examples('explain topology.ts', 'explain topology.ts --set stream=clicks --mermaid > plan.mmd'),
    )
    .action(async (path: string, { set, mermaid }: ExplainOptions) => {
      const topology = await loadTopology(path, io.cwd)
      const plan = explainTopology(topology, describingParams(topology, set, io), mermaid ? 'mermaid' : 'text')
      io.out(`${plan}\n`)
      exit(exitCodes.ok)
    })
