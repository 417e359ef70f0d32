import {
  type ClusterBackplane,
  discoveryName,
  type FoundPartition,
  type Lease,
  type PartitionList,
  type SourceContext,
  type SourceNode,
} from '@millrace/core'
import type { Logger } from '../logger.ts'
import { retryOptions } from '../worker/checkpointer.ts'
import { discover } from '../worker/discovery.ts'
import { resolvePositions } from '../worker/positions.ts'
import { retry } from '../worker/retry.ts'
import { lettersOf, lettersPartition } from './letter-source.ts'
import type { World } from '../world.ts'

/** How many dead letters are read again as one partition. */
const lettersATime = 500

/** What a {@link SourceDiscovery} looks for, and where it registers what it finds. */
export interface SourceDiscoveryOptions {
  readonly node: SourceNode
  readonly backplane: ClusterBackplane
  /** Name of this worker. */
  readonly worker: string
  readonly leaseMs: number
  readonly world: World
  readonly log: Logger
  /** New tasks may be there. */
  readonly registered: () => void
  readonly failed: (error: unknown) => void
}

interface Held {
  readonly lease: Lease
  readonly ending: AbortController
  readonly done: Promise<void>
}

/**
 * Looks for the partitions of one source while this worker holds the lease for that: one worker does at a time. Where a
 * partition begins is asked once, and stored with it.
 */
export class SourceDiscovery {
  readonly #options: SourceDiscoveryOptions
  /** Another worker looks. */
  #isElsewhere = false
  /** A final list was registered since this worker looks. */
  #isRegistered = false
  /** The last one. */
  #list: PartitionList | undefined
  #held: Held | undefined

  constructor(options: SourceDiscoveryOptions) {
    this.#options = options
  }

  /** False while it may find something that no worker knows of yet. */
  get isSettled(): boolean {
    return this.#held === undefined ? this.#isElsewhere : this.#isRegistered
  }

  /** To be renewed with the leases of tasks. */
  get lease(): Lease | undefined {
    return this.#held?.lease
  }

  /**
   * Takes the lease if nobody holds it; looks for letters if it has it, or for partitions again when all that it has found is
   * done and the job is not: it was opened anew. Called with each heartbeat.
   *
   * @returns whether it has registered something that the heartbeat does not know of
   */
  async tend(isAnew: boolean): Promise<boolean> {
    if (this.#held === undefined) await this.#take()
    else if (isAnew && this.#isRegistered) await this.#lookAgain(this.#held)
    else return this.#redrive(this.#held.lease, this.#held.ending.signal)
    return false
  }

  async #take(): Promise<void> {
    const { node, backplane, worker, leaseMs } = this.#options
    const answer = await backplane.acquire({ task: discoveryName(node.name), owner: worker, leaseMs })
    this.#isElsewhere = answer.type === 'held'
    if (answer.type === 'acquired' && this.#held === undefined) this.#begin(answer.lease)
  }

  #begin(lease: Lease): void {
    const ending = new AbortController()
    this.#isRegistered = false
    this.#held = { lease, ending, done: this.#look(lease, ending) }
  }

  async #lookAgain({ lease, ending, done }: Held): Promise<void> {
    ending.abort()
    await done
    if (this.#held?.lease === lease) this.#begin(lease)
  }

  /** Another worker looks now. */
  lost(): void {
    this.#held?.ending.abort()
    this.#held = undefined
  }

  /** Resolves when it no longer looks, and the lease is free for others. */
  async close(): Promise<void> {
    const held = this.#held
    if (held === undefined) return
    held.ending.abort()
    await held.done
    this.#held = undefined
    await this.#options.backplane.release(held.lease)
  }

  async #look(lease: Lease, { signal }: AbortController): Promise<void> {
    const { node, world, log, failed } = this.#options
    const context: SourceContext = { clock: world.clock, signal, beganAt: world.clock.now() }
    let registering: Promise<void> = Promise.resolve()
    const listed = (list: PartitionList): void => {
      this.#list = list
      registering = registering
        .then(() => this.#register(lease, list, context))
        .catch((error: unknown) => {
          if (!signal.aborted) failed(error)
        })
    }
    await discover({ name: node.name, source: node.source, context, world, log, listed, failed })
    await registering
  }

  /** Where a partition begins that is not known yet is asked once: nobody else looks meanwhile. */
  async #register(lease: Lease, { partitions, final }: PartitionList, asked: SourceContext): Promise<void> {
    const { signal } = asked
    if (signal.aborted) return
    const { node, backplane, world, log, registered } = this.#options
    const known = await retry(() => backplane.knownPartitions(node.name), this.#retry('knownPartitions', signal))
    const ids = new Set(known)
    const fresh = partitions.filter(({ id }) => !ids.has(id))
    const context: SourceContext = { ...asked, isResumed: known !== undefined }
    const resolved = await resolvePositions({ ...node, partitions: fresh, contextOf: () => context, world, log })
    const startOf = new Map(resolved.map(({ partition, position }) => [partition.id, position]))
    const found = partitions.map((partition): FoundPartition => {
      const start = startOf.get(partition.id)
      return start === undefined ? partition : { ...partition, start }
    })
    const outcome = await retry(
      () => backplane.registerPartitions(lease, { source: node.name, partitions: found, final }),
      this.#retry('registerPartitions', signal),
    )
    if (outcome === 'fenced') return this.lost()
    this.#isRegistered ||= final
    if (fresh.length > 0 || final) registered()
  }

  /** Letters that somebody wants to be read again become a partition of their source. */
  async #redrive(lease: Lease, signal: AbortSignal): Promise<boolean> {
    const { node, backplane, world } = this.#options
    const { partitions, final } = this.#list ?? {}
    if (partitions === undefined || final === undefined) return false
    const letters = await backplane.deadLetters({ state: 'redrive', limit: lettersATime })
    if (letters.length === 0) return false
    const known = (await backplane.knownPartitions(node.name)) ?? []
    const taken = new Set(known.flatMap((id) => lettersOf(id) ?? []))
    const ids = letters.filter(({ id, source }) => source === node.name && !taken.has(id)).map(({ id }) => id)
    if (ids.length === 0) return false
    const list = { partitions: [...partitions, lettersPartition(ids)], final }
    await this.#register(lease, list, { clock: world.clock, signal })
    return true
  }

  #retry(call: string, signal: AbortSignal): Parameters<typeof retry>[1] {
    const { world, log } = this.#options
    return retryOptions({ world, signal, log }, call)
  }
}
