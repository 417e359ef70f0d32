import { type ClusterBackplane, type Graph, type JobShape, MillraceError } from '@millrace/core'
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

/**
 * Cuts a topology into stages and registers them. The number of partitions of an exchange is fixed with the run: what the
 * backplane has wins over the option. Undefined when the signal fired.
 */
export async function openJob(options: OpenJobOptions): Promise<Plan | undefined> {
  const { graph, backplane, partitions, drop, signal } = options
  const shape = shapeOf(planStages(graph, { partitions: () => partitions }))
  try {
    const opened = await retry(() => backplane.open(shape), retryOptions(options, 'open'))
    checkGone(graph.name, shape, opened.partitions, drop)
    return planStages(graph, { partitions: (exchange) => opened.partitions[exchange] ?? partitions })
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

/** An exchange that the topology no longer has keeps state and records that nobody would ever read. */
function checkGone(
  job: string,
  shape: JobShape,
  stored: { readonly [name: string]: number },
  drop: readonly string[],
): void {
  const known = new Set(shape.exchanges.map(({ name }) => name))
  const gone = Object.keys(stored).filter((name) => !known.has(name) && !drop.includes(name))
  if (gone.length === 0) return
  const names = gone.map((name) => `'${name}'`).join(', ')
  throw new MillraceError(
    'CHANGED_TOPOLOGY',
    `job ${job}: the topology no longer has ${names}, whose state is kept: give the step its name back, or start with drop: [${names}]`,
    gone[0] === undefined ? {} : { node: gone[0] },
  )
}
