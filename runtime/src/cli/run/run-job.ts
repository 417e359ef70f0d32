import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Job, Summary } from '../../start.ts'
import { type SignalProcess, untilSignal } from '../../until-signal.ts'
import { buildGraph } from '../build-graph.ts'
import { exitCodeOf, exitCodes } from '../exit-code.ts'
import type { Io } from '../io.ts'
import type { AnyTopology } from '../load-topology.ts'
import { type Params, parseSet } from '../params.ts'
import { quietWarnings } from '../quiet-warnings.ts'
import { onUncaught } from '../uncaught.ts'
import { jsonLogger } from './json-logger.ts'
import { jsonReporter } from './json-reporter.ts'
import type { Reporter } from './reporter.ts'
import type { ResolvedRunOptions } from './run-options.ts'
import { type JobSummary, summaryFields, summaryText } from './summary.ts'
import { startJob } from './start-job.ts'
import { TerminalReporter } from './terminal-reporter.ts'
import { startThreads } from './threads/start-threads.ts'

/** What to run, and how. */
export interface RunRequest {
  /** The file that the topology is from. */
  readonly path: string
  readonly topology: AnyTopology
  /** As `--set` was given. */
  readonly set: readonly string[]
  readonly params: Params
  readonly options: ResolvedRunOptions
  readonly io: Io
}

/** Runs a job to its end. @returns the exit code */
export async function runJob(request: RunRequest): Promise<number> {
  const { topology, params, options, io } = request
  const graph = buildGraph(topology, params)
  const reporter = reporterOf(request)
  const failed = (error: unknown): number => {
    reporter.end()
    reporter.failed(error)
    return exitCodeOf(error)
  }
  onUncaught(process, failed)
  quietWarnings(process, ({ name, message }) => reporter.log.warn({ warning: name }, message))
  try {
    const summary = await followed(await started(request, reporter), reporter)
    const isShared = options.state.type === 'redis'
    summarise({ summary, graph, statePath: options.where, isShared }, options, io)
    return exitCodes.ok
  } catch (error) {
    return failed(error)
  }
}

function reporterOf({ topology: { name }, options: { progress, logLevel }, io }: RunRequest): Reporter {
  if (progress === 'terminal') return new TerminalReporter(io, logLevel)
  return jsonReporter(jsonLogger(name, logLevel, io), io.world)
}

async function started({ path, topology, set, params, options, io }: RunRequest, { log }: Reporter): Promise<Job> {
  const { cwd } = io
  const { workers: count } = options
  if (count === 1) return startJob({ topology, params, options, cwd, log })
  // a job of one process has one state, which all its threads work for
  if (options.state.type !== 'redis') {
    const threads = { count, module: pathToFileURL(resolve(cwd, path)), set: parseSet(set) }
    return startJob({ topology, params, options, cwd, log, threads })
  }
  const { state, stateStore, leaseMs, durability, checkpointEveryMs, drop, cluster, logLevel } = options
  const each = { state, stateStore, leaseMs, durability, checkpointEveryMs, drop, cluster }
  return startThreads(topology.name, count, { path, cwd, set, options: each, logLevel }, io, log)
}

async function followed(job: Job, reporter: Reporter): Promise<Summary> {
  reporter.follow(job)
  const summary = await untilSignal(job, tellingProcess(reporter))
  reporter.end()
  return summary
}

/** This process, where the reporter is told before the job is. */
function tellingProcess(reporter: Reporter): SignalProcess {
  const told = new Map<() => void, () => void>()
  return {
    on(signal, listener) {
      const tell = (): void => {
        reporter.stopping(signal)
        listener()
      }
      told.set(listener, tell)
      process.on(signal, tell)
    },
    off: (signal, listener) => process.off(signal, told.get(listener) ?? listener),
    exit(code) {
      reporter.end()
      process.exit(code)
    },
  }
}

function summarise(job: JobSummary, { summary }: ResolvedRunOptions, io: Io): void {
  if (summary === 'text') io.err(summaryText(job))
  // whoever asks for a log of errors only still wants to know how it ended
  else jsonLogger(job.summary.job, 'info', io).info(summaryFields(job), 'summary')
}
