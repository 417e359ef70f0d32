import { Command } from 'commander'
import { buildGraph } from '../build-graph.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { loadTopology } from '../load-topology.ts'
import { examples, jsonOption, setOption } from '../options.ts'
import { runParams } from '../params.ts'

interface ReleaseOptions {
  readonly set: readonly string[]
  readonly json?: true
}

interface Released {
  readonly source: string
  readonly what: string
}

/** `millrace release`: gives back what sources hold elsewhere, after a job was stopped for good. */
export const releaseCommand = ({ io, exit }: CommandContext): Command =>
  new Command('release')
    .description(
      'give back what the sources of a job hold elsewhere, such as consumers of Kinesis, once it was stopped for good',
    )
    .argument('<topology.ts>', 'the file whose default export is the topology')
    .addOption(setOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('release topology.ts --set stream=clicks'))
    .action(async (path: string, options: ReleaseOptions) => {
      const { job, released } = await release(path, options, io)
      if (options.json) io.out(`${JSON.stringify({ job, released })}\n`)
      else if (released.length === 0) io.out(`${job} holds nothing elsewhere\n`)
      else io.out(released.map(({ source, what }) => `${source}: ${what} is released\n`).join(''))
      exit(exitCodes.ok)
    })

async function release(path: string, { set }: ReleaseOptions, io: Io): Promise<{ job: string; released: Released[] }> {
  const topology = await loadTopology(path, io.cwd)
  const graph = buildGraph(topology, runParams(topology, set, io))
  const released: Released[] = []
  for (const { name, source } of graph.sources)
    for (const what of (await source.release?.()) ?? []) released.push({ source: name, what })
  return { job: graph.name, released }
}
