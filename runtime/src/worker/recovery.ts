import type { Backplane, Checkpoint, Graph, Lease, RefusedOutput } from '@millrace/core'
import { Engine } from '@millrace/core/engine'
import type { Logger } from '../logger.ts'
import type { World } from '../world.ts'
import { retryOptions } from './checkpointer.ts'
import type { Outputs } from './outputs.ts'
import { retry } from './retry.ts'
import { SinkPort } from './sink-port.ts'
import { planState, type StatePlan } from './state-changes.ts'

/** What a new owner starts from. */
export interface RecoveryOptions {
  readonly graph: Graph
  readonly backplane: Backplane
  readonly lease: Lease
  readonly drop: readonly string[]
  readonly world: World
  readonly log: Logger
  readonly signal: AbortSignal
  /** Takes the sinks as they are opened: whoever gave it closes them, whatever happens then. */
  readonly outputs: Outputs
}

/** A task as its last checkpoint left it. */
export interface Recovered {
  readonly checkpoint: Checkpoint | undefined
  readonly engine: Engine
  readonly plan: StatePlan
}

/**
 * Takes a task up where its last checkpoint left it. The order is what makes output exactly-once: the lease is held
 * before the record is read; what the record lists is committed before what older tenures left is aborted.
 */
export async function recover(options: RecoveryOptions): Promise<Recovered> {
  const { graph, backplane, lease, drop, world, outputs } = options
  const checkpoint = await retry(() => backplane.readCheckpoint(lease.task), retryOptions(options, 'readCheckpoint'))
  const plan = checkpoint ? planState(checkpoint, graph, drop) : { renamed: new Map<string, string>(), full: false }
  await openSinks(options, checkpoint)
  const handles = checkpoint?.handles ?? []
  await outputs.commit(handles, drop)
  await outputs.abort(lease.epoch, handles)
  const engine = new Engine(graph, { clock: world.clock })
  if (checkpoint) await restore(options, engine, checkpoint, plan)
  return { checkpoint, engine, plan }
}

async function openSinks(options: RecoveryOptions, checkpoint: Checkpoint | undefined): Promise<void> {
  const { graph, lease, world, log, signal, outputs } = options
  const tenure = { run: lease.run, epoch: lease.epoch, nonce: lease.nonce }
  for (const node of graph.sinks) {
    const state = checkpoint?.sinks[node.name]
    const refuse = (record: RefusedOutput): void => outputs.refuse(node, record)
    const context = {
      job: graph.name,
      sink: node.name,
      task: lease.task,
      tenure,
      clock: world.clock,
      signal,
      refuse,
      state,
    }
    outputs.add(await SinkPort.open({ node, context, world, log: log.child({ sink: node.name }) }))
  }
}

async function restore(
  options: RecoveryOptions,
  engine: Engine,
  checkpoint: Checkpoint,
  plan: StatePlan,
): Promise<void> {
  const blobs: Uint8Array[] = []
  for (const blob of checkpoint.state)
    blobs.push(
      await retry(() => options.backplane.readState(blob, options.lease.task), retryOptions(options, 'readState')),
    )
  engine.restore(checkpoint.engine, blobs, plan.renamed)
}
