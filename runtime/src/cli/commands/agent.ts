import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { badOption } from '@millrace/core'
import { Command, Option } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { exitCodes, exitCodesHelp } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { loadConnector } from '../load-connector.ts'
import type { AnyTopology } from '../load-topology.ts'
import { logLevels } from '../../logger.ts'
import { dropOption, examples } from '../options.ts'
import { runParams } from '../params.ts'
import { resolveRunOptions, type RunOptions } from '../run/run-options.ts'

const defaultPath = '/etc/aws-kinesis/agent.json'

/** What `@millrace/kinesis/agent` gives. */
interface AgentModule {
  readonly parseAgentConfig: (text: string, path: string) => AgentConfig
  readonly agentTopology: (config: AgentConfig) => AnyTopology
}

interface AgentConfig {
  readonly client: object
  readonly flows: readonly {
    readonly filePattern: string
    readonly stream: string
    readonly processing: { readonly prepare: () => Promise<void> } | undefined
  }[]
  readonly ignored: readonly string[]
}

interface AgentOptions extends RunOptions {
  readonly check?: true
}

/** `millrace agent`: does what the Kinesis Agent does, by its own configuration. */
export const agentCommand = ({ io, exit }: CommandContext): Command =>
  new Command('agent')
    .description('tail files and put their lines on Kinesis, as an agent.json of the Kinesis Agent says')
    .argument('[agent.json]', 'its configuration', defaultPath)
    .option('--state <where>', 'the file for positions (default: .millrace/agent.db)')
    .option(
      '--checkpoint-every <duration>',
      'time between checkpoints: after a crash, lines since the last are put again',
      '1s',
    )
    .option('--check', 'say what it would do, and what it does not honour, and end')
    .addOption(dropOption())
    .addOption(new Option('--log-level <level>', 'how much is said').choices(logLevels))
    .addHelpText(
      'after',
      examples('agent', 'agent agent.json --check', 'agent agent.json --state /var/lib/millrace/agent.db'),
    )
    .addHelpText('after', exitCodesHelp)
    .action(async (path: string, options: AgentOptions) => {
      const agent = await loadConnector<AgentModule>('@millrace/kinesis', 'agent', io.cwd)
      const files = configFiles(path, io.cwd)
      const config = together(files.map((file) => [file, agent.parseAgentConfig(readFileSync(file, 'utf8'), file)]))
      if (config.flows.length === 0) throw badOption(`${files.join(', ')}: flows: there are none`)
      for (const { filePattern, stream } of config.flows) io.err(`${filePattern} → stream ${stream}\n`)
      for (const each of config.ignored) io.err(`not honoured: ${each}\n`)
      const topology = agent.agentTopology(config)
      if (options.check) return exit(exitCodes.ok)
      await Promise.all(config.flows.flatMap(({ processing }) => processing?.prepare() ?? []))
      const all: RunOptions = { ...options, set: [], workers: 1 }
      const resolved = resolveRunOptions(all, topology.name, io)
      const { runJob } = await import('../run/run-job.ts')
      exit(await runJob({ path, topology, set: [], params: runParams(topology, [], io), options: resolved, io }))
    })

/** The file, and, of the default one, all in `agent.d` beside it, as the Agent reads them. */
function configFiles(path: string, cwd: Io['cwd']): string[] {
  const file = resolve(cwd, path)
  if (!existsSync(file)) throw badOption(`${path}: there is no such file; looked for ${file}`)
  const folder = join(file, '..', 'agent.d')
  if (file !== defaultPath || !existsSync(folder)) return [file]
  const more = readdirSync(folder).filter((name) => name.endsWith('.json'))
  return [file, ...more.toSorted().map((name) => join(folder, name))]
}

/** How streams are reached, the first one says. */
function together(configs: readonly (readonly [file: string, AgentConfig])[]): AgentConfig {
  const [first, ...others] = configs
  const unheard = others.filter(([, { client }]) => Object.keys(client).length > 0)
  const reason = `${first?.[0]} says how streams are reached`
  return {
    client: first?.[1].client ?? {},
    ...first?.[1],
    flows: configs.flatMap(([, { flows }]) => flows),
    ignored: [
      ...configs.flatMap(([, { ignored }]) => ignored),
      ...unheard.map(([file, { client }]) => `${file}: ${Object.keys(client).join(', ')}: ${reason}`),
    ],
  }
}
