import { badOption, type Duration } from '@millrace/core'
import type { LogLevel } from '../../logger.ts'
import type { ClusterOptions } from '../../cluster/cluster-options.ts'
import type { Io } from '../io.ts'
import { durationOption } from '../options.ts'
import { defaultState } from '../state-file.ts'
import type { DurabilityOption } from '../../backplane/redis/redis-options.ts'
import { durabilityOption } from '../state/durability-option.ts'
import { type StateStoreTarget, stateStoreTarget } from '../state/state-store-target.ts'
import { type StateTarget, stateTarget } from '../state/state-target.ts'

/** Options of `millrace run`, as the command line gives them. */
export interface RunOptions {
  readonly set: readonly string[]
  readonly state?: string
  readonly stateStore?: string
  readonly checkpointEvery: string
  readonly lease?: string
  readonly durability?: string
  readonly drop: readonly string[]
  readonly worker?: string
  readonly workers: number
  readonly partitions?: number
  readonly exchangeEvery?: string
  readonly logLevel?: LogLevel
  readonly progress?: 'terminal' | 'json'
  readonly summary?: 'text' | 'json'
}

/** {@link RunOptions}, checked and complete. */
export interface ResolvedRunOptions {
  readonly state: StateTarget
  /** Where the state lies as people read it; undefined for nowhere. */
  readonly where: string | undefined
  readonly stateStore: StateStoreTarget
  readonly checkpointEveryMs: number
  readonly leaseMs: number
  readonly durability: DurabilityOption
  readonly drop: readonly string[]
  /** How many there are to be in this process. */
  readonly workers: number
  readonly cluster: ClusterOptions
  readonly logLevel: LogLevel
  readonly progress: 'terminal' | 'json'
  readonly summary: 'text' | 'json'
}

/** Fills in what depends on the job and on whether a person looks on. Throws BAD_OPTION. */
export function resolveRunOptions(
  options: RunOptions,
  job: string,
  io: Pick<Io, 'stderr' | 'cwd' | 'env'>,
): ResolvedRunOptions {
  const { drop, workers, lease = '10s', stateStore } = options
  const state = stateTarget(options.state ?? defaultState(job), io)
  if (state.type !== 'redis') refuseShared(options)
  const progress = options.progress ?? (io.stderr.isTTY ? 'terminal' : 'json')
  return {
    state,
    where: whereIs(state),
    stateStore: stateStoreTarget(stateStore, io.cwd),
    checkpointEveryMs: durationOption(options.checkpointEvery, '--checkpoint-every'),
    leaseMs: leaseOption(lease),
    durability: durabilityOption(options.durability),
    drop,
    workers,
    cluster: clusterOptions(options),
    logLevel: options.logLevel ?? (progress === 'terminal' ? 'warn' : 'info'),
    progress,
    summary: options.summary ?? (progress === 'terminal' ? 'text' : 'json'),
  }
}

/** The name of each of several workers in a process is made of that of the process. */
const clusterOptions = ({ worker, partitions, exchangeEvery }: RunOptions): ClusterOptions => ({
  ...(worker !== undefined && { worker: workerName(worker) }),
  ...(partitions !== undefined && { partitions: atMost(partitions, 4096, '--partitions') }),
  ...(exchangeEvery !== undefined && { exchangeEvery: durationOption(exchangeEvery, '--exchange-every') as Duration }),
})

const whereIs = (state: StateTarget): string | undefined =>
  state.type === 'memory' ? undefined : state.type === 'file' ? state.path : state.where

/** Options of which a job in one process would make nothing. */
function refuseShared({ worker, partitions, exchangeEvery, stateStore, durability }: RunOptions): void {
  const given = { worker, partitions, 'exchange-every': exchangeEvery, 'state-store': stateStore, durability }
  const [first] = Object.entries(given).find(([, value]) => value !== undefined) ?? []
  if (first !== undefined)
    throw badOption(`--${first}: is for workers that share a job; name their Redis with --state redis://host:port`)
}

function workerName(name: string): string {
  if (name !== '') return name
  throw badOption('--worker: must be a name')
}

function leaseOption(text: string): number {
  const ms = durationOption(text, '--lease')
  if (ms >= 100) return ms
  throw badOption('--lease: must be 100ms or longer')
}

function atMost(value: number, most: number, option: string): number {
  if (value <= most) return value
  throw badOption(`${option}: must be at most ${most}`)
}
