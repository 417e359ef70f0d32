import { type ClusterBackplane, type Graph, type JobShape, MillraceError, type OpenedJob } from '@millrace/core'
import { type Plan, planStages } from '@millrace/core/engine'
import type { Logger } from '../logger.ts'
import { retryOptions } from '../worker/checkpointer.ts'
import { retry } from '../worker/retry.ts'
import type { World } from '../world.ts'

/** What {@link openJob} registers, and where. */
export interface OpenJobOptions {
  readonly graph: Graph
  readonly backplane: ClusterBackplane
  /** Number of partitions of exchanges that are new. */
  readonly partitions: number
  readonly drop: readonly string[]
  readonly world: World
  readonly log: Logger
  readonly signal: AbortSignal
}

/** A job that is registered, as a worker runs it. */
export interface Opened {
  readonly plan: Plan
  readonly run: string
}

/**
 * Cuts a topology into stages and registers them. The number of partitions of an exchange is fixed with the run: what the
 * backplane has wins over the option. Undefined when the signal fired.
 */
export async function openJob(options: OpenJobOptions): Promise<Opened | undefined> {
  const { graph, backplane, partitions, signal } = options
  const shape = shapeOf(planStages(graph, { partitions }))
  try {
    const opened = await retry(() => backplane.open(shape), retryOptions(options, 'open'))
    const gone = goneStages(shape, opened)
    checkGone(options, gone)
    if (gone.length > 0) await retry(() => backplane.retire(gone), retryOptions(options, 'retire'))
    const plan = planStages(graph, { partitions: (exchange) => opened.partitions[exchange] ?? partitions })
    return { plan, run: opened.run }
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  }
}

const shapeOf = ({ stages, exchanges }: Plan): JobShape => ({
  sources: stages.filter(({ kind }) => kind === 'source').map(({ name, sends }) => ({ name, sends })),
  exchanges: exchanges.map(({ name, partitions }) => {
    const sends = stages.find((stage) => stage.name === name)?.sends ?? []
    return { name, partitions, sends }
  }),
})

/** Sources and exchanges that are registered, and that the topology no longer has. */
function goneStages({ sources, exchanges }: JobShape, opened: OpenedJob): string[] {
  const known = new Set([...sources, ...exchanges].map(({ name }) => name))
  return [...opened.sources, ...Object.keys(opened.partitions)].filter((name) => !known.has(name))
}

/** What is gone keeps positions, state and records that nobody would ever read: it must be named to be forgotten. */
function checkGone({ graph, drop }: OpenJobOptions, gone: readonly string[]): void {
  const left = gone.filter((name) => !drop.includes(name))
  if (left.length === 0) return
  const names = left.map((name) => `'${name}'`).join(', ')
  throw new MillraceError(
    'CHANGED_TOPOLOGY',
    `job ${graph.name}: the topology no longer has ${names}, and what is stored of it would be lost: give the step or source its name back, or start with drop: [${names}]`,
    left[0] === undefined ? {} : { node: left[0] },
  )
}
