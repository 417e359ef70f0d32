import type { Backplane, Graph } from '@millrace/core'
import { embeddedBackplane } from '../../src/backplane/embedded/embedded-backplane.ts'
import { silent } from '../../src/logger.ts'
import { Worker, type WorkerOptions } from '../../src/worker/worker.ts'
import type { ManualWorld } from './manual-world.ts'

/** A worker of a graph in a manual world, with short options. */
export const workerOf = (
  graph: Graph,
  backplane: Backplane,
  world: ManualWorld,
  options: Partial<WorkerOptions> = {},
): Worker =>
  new Worker({
    graph,
    backplane,
    owner: `test-${world.nonce()}`,
    world,
    log: silent,
    checkpointEveryMs: 1_000,
    leaseMs: 10_000,
    stopWithinMs: 25_000,
    maxReaders: 256,
    drop: [],
    ...options,
  })

/** A backplane in memory, for the clock of a manual world. */
export const memoryBackplane = (world: ManualWorld): Backplane =>
  embeddedBackplane({ path: ':memory:', world, livenessOf: () => 'unknown' })
