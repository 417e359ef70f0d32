import { badOption, type Duration, positiveMs, type Size, sizeBytes } from '@millrace/core'

/** How a worker shares a job with others. */
export interface ClusterOptions {
  /** Name of this worker in `millrace status` and logs, unique among all. @default made of host and process */
  readonly worker?: string
  /**
   * Into how many partitions each exchange is cut: no stage runs as more tasks than that. Fixed when the job starts for the
   * first time.
   * @default 16
   */
  readonly partitions?: number
  /** Time between checkpoints of stages without exactly-once sinks: what they send is on its way with them. @default '100ms' */
  readonly exchangeEvery?: Duration
  /** How much may wait in a partition of an exchange before those that send to it pause. @default '4MiB' */
  readonly exchangeBytes?: Size
  /** How many partitions of sources this worker reads at the same time. @default 256 */
  readonly mostTasks?: number
}

/** {@link ClusterOptions}, checked and complete. */
export interface ResolvedClusterOptions {
  readonly worker: string | undefined
  readonly partitions: number
  readonly exchangeEveryMs: number
  readonly exchangeBytes: number
  readonly mostTasks: number
}

/** Throws BAD_OPTION, naming the field. */
export function resolveClusterOptions(options: ClusterOptions = {}): ResolvedClusterOptions {
  const { worker, partitions = 16, exchangeEvery = '100ms', exchangeBytes = '4MiB', mostTasks = 256 } = options
  if (worker !== undefined && (typeof worker !== 'string' || worker === ''))
    throw badOption('cluster.worker: must be a name')
  return {
    worker,
    partitions: count(partitions, 'cluster.partitions', 4096),
    exchangeEveryMs: positiveMs(exchangeEvery, 'cluster.exchangeEvery'),
    exchangeBytes: sizeBytes(exchangeBytes, 'cluster.exchangeBytes'),
    mostTasks: count(mostTasks, 'cluster.mostTasks', 100_000),
  }
}

function count(value: number, field: string, most: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value
  throw badOption(`${field}: ${JSON.stringify(value)} must be a whole number from 1 to ${most}`)
}
