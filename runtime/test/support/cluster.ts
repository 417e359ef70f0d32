import { type Backplane, type ClusterBackplane, type Graph, isMillraceError } from '@millrace/core'
import { Keys } from '../../src/backplane/redis/keys.ts'
import { modelScripts } from '../../src/backplane/redis/model/model-scripts.ts'
import { ModelServer } from '../../src/backplane/redis/model/model-server.ts'
import { RedisBackplane } from '../../src/backplane/redis/redis-backplane.ts'
import { ClusterWorker, type ClusterWorkerOptions } from '../../src/cluster/cluster-worker.ts'
import { silent } from '../../src/logger.ts'
import { MemoryStateStore } from '../../src/testing/memory-state-store.ts'
import type { World } from '../../src/world.ts'
import type { ManualWorld } from './manual-world.ts'

/** A worker of a {@link Cluster}, in a process that can be frozen and killed. */
export interface Member {
  readonly name: string
  readonly worker: ClusterWorker
  /** The process is gone: nothing of it happens any more. */
  kill(): void
  /** Nothing of it happens until {@link Member.thaw}, and then all of it, late. */
  freeze(): void
  thaw(): void
}

/** Workers of one job over the model of a Redis, in a manual world. */
export class Cluster {
  readonly server: ModelServer
  readonly #world: ManualWorld
  readonly #graph: Graph
  readonly #store: MemoryStateStore
  readonly #options: Partial<ClusterWorkerOptions>
  #count = 0

  constructor(world: ManualWorld, graph: Graph, options: Partial<ClusterWorkerOptions> = {}) {
    this.#world = world
    this.#graph = graph
    this.#options = options
    this.#store = new MemoryStateStore(world)
    this.server = new ModelServer({ id: 'first', clock: world.clock })
  }

  /** A client of its own, as a process that looks on has it. */
  connect(): ClusterBackplane {
    const scripts = modelScripts({ server: () => this.server, keys: new Keys(this.#graph.name) })
    return new RedisBackplane({ scripts, store: this.#store, world: this.#world, where: 'model', gcGraceMs: 0 })
  }

  /** Starts a worker; errors that nobody waits for are those of its `run()`. */
  start(options: Partial<ClusterWorkerOptions> = {}): Member {
    const name = `w${++this.#count}`
    const own = new ProcessWorld(this.#world)
    const worker = new ClusterWorker({
      graph: this.#graph,
      backplane: behind(own, this.connect()),
      worker: name,
      world: own,
      log: silent,
      checkpointEveryMs: 1_000,
      leaseMs: 10_000,
      stopWithinMs: 25_000,
      drop: [],
      partitions: 4,
      exchangeEveryMs: 100,
      exchangeBytes: 1024 * 1024,
      mostTasks: 256,
      ...this.#options,
      ...options,
    })
    void worker.run().catch(() => undefined)
    return { name, worker, kill: () => own.kill(), freeze: () => own.freeze(), thaw: () => own.thaw() }
  }

  /** Who holds each task at present. */
  async owners(): Promise<Map<string, string | undefined>> {
    const { tasks } = await this.#world.run(this.connect().status())
    return new Map(tasks.filter(({ state }) => state === 'ready').map(({ task, owner }) => [task, owner]))
  }
}

/** The world of one process: its timers, and the answers it gets, stop with it. */
class ProcessWorld implements World {
  readonly #world: ManualWorld
  #state: 'alive' | 'frozen' | 'dead' = 'alive'
  #held: (() => void)[] = []
  readonly clock: World['clock']

  constructor(world: ManualWorld) {
    this.#world = world
    this.clock = world.clock
  }

  elapsed(): number {
    return this.#world.elapsed()
  }

  timer(ms: number, fire: () => void): () => void {
    return this.#world.timer(ms, () => this.deliver(fire))
  }

  giveWay(): Promise<void> {
    return new Promise((resolve) => void this.#world.giveWay().then(() => this.deliver(resolve)))
  }

  random(): number {
    return this.#world.random()
  }

  nonce(): string {
    return this.#world.nonce()
  }

  get isDead(): boolean {
    return this.#state === 'dead'
  }

  /** Something happens to the process: now, late, or never. */
  deliver(event: () => void): void {
    if (this.#state === 'frozen') this.#held.push(event)
    else if (this.#state === 'alive') event()
  }

  kill(): void {
    this.#state = 'dead'
  }

  freeze(): void {
    this.#state = 'frozen'
  }

  thaw(): void {
    this.#state = 'alive'
    for (const event of this.#held.splice(0)) event()
  }
}

/** A backplane as a process sees it: a call takes a millisecond each way. */
function behind<B extends Backplane>(world: ProcessWorld, backplane: B): B {
  return new Proxy(backplane, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name, target)
      if (typeof method !== 'function') return method
      return (...args: unknown[]) =>
        new Promise((resolve, reject) => {
          if (world.isDead) return
          world.timer(1, () => {
            const answer = Reflect.apply(method, target, args) as Promise<unknown>
            answer.then(
              (value) => world.timer(1, () => resolve(value)),
              (error: unknown) =>
                world.timer(1, () => reject(isMillraceError(error) ? error : new Error(String(error)))),
            )
          })
        })
    },
  })
}
