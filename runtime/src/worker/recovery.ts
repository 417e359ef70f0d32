import type { Backplane, Checkpoint, Graph, Lease, RefusedOutput, StateBlob } from '@millrace/core'
import { Engine } from '@millrace/core/engine'
import type { Logger } from '../logger.ts'
import type { World } from '../world.ts'
import { retryOptions } from './checkpointer.ts'
import type { Outputs } from './outputs.ts'
import { retry } from './retry.ts'
import { SinkPort } from './sink-port.ts'
import { planState, type StatePlan } from './state-changes.ts'

/** A new owner reads the blobs of its state side by side: each is a round trip or more. */
const readsAtATime = 8

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
 * before the record is read; once both are durable, what the record lists is committed, and then what older tenures left
 * is aborted.
 */
export async function recover(options: RecoveryOptions): Promise<Recovered> {
  const { graph, backplane, lease, drop, world, outputs } = options
  const checkpoint = await retry(() => backplane.readCheckpoint(lease.task), retryOptions(options, 'readCheckpoint'))
  const plan = checkpoint ? planState(checkpoint, graph, drop) : { renamed: new Map<string, string>(), full: false }
  await openSinks(options, checkpoint)
  const handles = checkpoint?.handles ?? []
  // the owner before may have died waiting for just that; and an old master gives leases too, under which nothing may be
  // aborted or written: they are forgotten with it, and who lives on may have a lesser epoch
  if (graph.sinks.length > 0) await retry(() => backplane.durable(lease), retryOptions(options, 'durable'))
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
  engine.restore(checkpoint.engine, await readAll(options, checkpoint.state), plan.renamed)
}

/** The bytes of blobs, in order; several are on their way at a time. */
async function readAll(options: RecoveryOptions, blobs: readonly StateBlob[]): Promise<Uint8Array[]> {
  const { backplane, lease } = options
  const bytes = Array.from<Uint8Array>({ length: blobs.length })
  const left = blobs.entries()
  const read = async (): Promise<void> => {
    for (const [i, blob] of left)
      bytes[i] = await retry(() => backplane.readState(blob, lease.task), retryOptions(options, 'readState'))
  }
  await Promise.all(Array.from({ length: Math.min(readsAtATime, blobs.length) }, read))
  return bytes
}
