import { readFileSync } from 'node:fs'
import { type Backplane, type ClusterBackplane, type Graph, resolveParams, type Topology } from '@millrace/core'
import { embeddedBackplane } from './backplane/embedded/embedded-backplane.ts'
import { thisProcess } from './backplane/embedded/owner.ts'
import { type ResolvedStartOptions, resolveStartOptions, type StartOptions } from './start-options.ts'
import type { Ending } from './worker/lifecycle.ts'
import type { Progress } from './worker/progress.ts'
import { Worker } from './worker/worker.ts'
import { ClusterWorker } from './cluster/cluster-worker.ts'
import { openThreads, refuseStageThread } from './threads/open-threads.ts'
import type { StageThreads } from './threads/stage-threads.ts'
import { systemWorld, type World } from './world.ts'

/** What a job did, from its start to its end. */
export interface Summary extends Progress {
  readonly ending: Ending
}

/** A running job. */
export interface Job {
  readonly name: string
  /** Resolves when the job has ended and everything is closed; rejects with what made it fail. */
  readonly finished: Promise<Summary>
  /**
   * Stops reading, finishes the batch at hand, writes and commits a last checkpoint and gives the lease up. The next
   * start goes on from there. Safe to call again.
   *
   * @returns `finished`
   */
  stop(): Promise<Summary>
  progress(): Progress
  /** Stops, and resolves when everything is closed, however the job ended. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a job in this process: all of the topology, as one task; or, with a backplane that workers share, some of its
 * tasks, next to the other workers. It ends by itself when its sources do. Killing the process at any moment loses nothing
 * and repeats nothing, given `state` and sinks that are `exactly-once`.
 *
 * A bounded job that has finished may be started again with the same `state`: it ends at once when there is nothing new,
 * and otherwise processes the new partitions (files). All windows up to the newest record had fired then, so records of
 * those windows are late now.
 *
 * Signals are left to the caller: see {@link untilSignal}. Throws BAD_OPTION and BAD_TOPOLOGY at once; everything else
 * comes through {@link Job.finished}.
 *
 * @example
 * const job = start(pageViews, { set: { dir: './logs' }, state: './state/page-views.db' })
 * const { records } = await job.finished
 */
export const start = <P>(topology: Topology<P, unknown, unknown>, options: StartOptions<P> = {}): Job =>
  startIn(systemWorld, topology, options)

/** {@link start}, and its end. */
export const run = <P>(topology: Topology<P, unknown, unknown>, options: StartOptions<P> = {}): Promise<Summary> =>
  start(topology, options).finished

/** {@link start} in a world of the caller's: for tests and simulations. */
export function startIn<P>(world: World, topology: Topology<P, unknown, unknown>, options: StartOptions<P>): Job {
  refuseStageThread()
  const resolved = resolveStartOptions(options)
  const { set = {}, env = process.env } = options
  const readFile = (path: string): string => readFileSync(path, 'utf8')
  const graph = topology.graph(resolveParams(topology.params, { set, env, readFile }) as P)
  const threads = resolved.threads && openThreads(world, graph, resolved.threads, resolved, options)
  return startGraph(world, graph, resolved, threads)
}

function startGraph(world: World, graph: Graph, options: ResolvedStartOptions, threads: StageThreads | undefined): Job {
  const { state } = options
  const backplane = typeof state === 'string' ? embeddedBackplane({ path: state, job: graph.name, world }) : state
  const worker = makeWorker(world, graph, backplane, { ...options, threads })
  const stop = (): void => worker.stop()
  if (options.signal?.aborted) stop()
  options.signal?.addEventListener('abort', stop)
  const close = async (): Promise<void> => {
    options.signal?.removeEventListener('abort', stop)
    await threads?.close()
    if (backplane !== state) await backplane.close()
  }
  const finished = live(world, graph, worker, options, close)
  return {
    name: graph.name,
    finished,
    stop: () => (stop(), finished),
    progress: () => worker.progress(),
    [Symbol.asyncDispose]: () => (stop(), settled(finished)),
  }
}

/** Where the backplane is shared, this process is one worker among many. */
function makeWorker(
  world: World,
  graph: Graph,
  backplane: Backplane,
  options: Omit<ResolvedStartOptions, 'threads'> & { readonly threads: StageThreads | undefined },
): Worker | ClusterWorker {
  const owner = thisProcess(world.nonce())
  if (!isShared(backplane)) return new Worker({ ...options, graph, backplane, world, owner, maxReaders: 256 })
  const { cluster, threads: _, ...common } = options
  return new ClusterWorker({ ...common, ...cluster, graph, backplane, world, worker: cluster.worker ?? owner })
}

const isShared = (backplane: Backplane): backplane is ClusterBackplane => 'claim' in backplane

async function live(
  world: World,
  graph: Graph,
  worker: Worker | ClusterWorker,
  { log, onProgress }: ResolvedStartOptions,
  close: () => Promise<void>,
): Promise<Summary> {
  const endReports = onProgress && everySecond(world, () => onProgress(worker.progress()))
  try {
    for (const { sink } of graph.sinks) await sink.check?.()
    const ending = await worker.run()
    return { ...worker.progress(), ending }
  } catch (error) {
    log.error({ err: error }, `job ${graph.name} failed`)
    throw error
  } finally {
    endReports?.()
    await close()
  }
}

/** @returns what ends it, with a last call */
function everySecond(world: World, call: () => void): () => void {
  let cancel: () => void
  const next = (): void => {
    cancel = world.timer(1_000, () => {
      call()
      next()
    })
  }
  next()
  return () => {
    cancel()
    call()
  }
}

const settled = (promise: Promise<unknown>): Promise<void> =>
  promise.then(
    () => undefined,
    () => undefined,
  )
