import { type Backplane, type Lease, type StateBlob, tenureId } from '@millrace/core'
import { compactState } from '@millrace/core/engine'
import type { World } from '../world.ts'
import { contentHash } from './content-hash.ts'
import { fenced } from './fenced.ts'
import { saysRetryable } from './retry.ts'
import type { StateLog } from './state-log.ts'

/** What a {@link Compactor} merges and where. */
export interface CompactorOptions {
  readonly backplane: Backplane
  readonly lease: Lease
  readonly world: World
  readonly log: StateLog
  readonly failed: (error: unknown) => void
  readonly signal: AbortSignal
}

/**
 * Merges a base and its deltas beside the work of the task, in slices of about 2 ms: it runs whenever the loop gives way.
 * The result is named by the next checkpoint; until then, and after a crash, the old blobs stand.
 */
export class Compactor {
  readonly #options: CompactorOptions
  #running: Promise<void> | undefined

  constructor(options: CompactorOptions) {
    this.#options = options
  }

  /** Begins when there is enough to merge and nothing is being merged. */
  consider(): void {
    if (this.#running !== undefined || !this.#options.log.isLong) return
    const { log } = this.#options
    this.#running = this.#merge(log.blobs, log.seq)
      .catch((error: unknown) => {
        // what stands is whole: one that the backplane did not answer is tried again after the next checkpoint
        if (!this.#options.signal.aborted && !saysRetryable(error)) this.#options.failed(error)
      })
      .finally(() => (this.#running = undefined))
  }

  /** Resolves when nothing is being merged any more. */
  async closed(): Promise<void> {
    await this.#running
  }

  async #merge(blobs: readonly StateBlob[], seq: number): Promise<void> {
    const { backplane, lease, world, log, signal } = this.#options
    const parts: Uint8Array[] = []
    for (const blob of blobs) parts.push(await backplane.readState(blob, lease.task))
    const bytes = await this.#run(compactState(parts))
    if (bytes === undefined) return
    const base: StateBlob = {
      id: `${tenureId(lease)}-${seq}-merged`,
      kind: 'base',
      bytes: bytes.length,
      hash: await contentHash(bytes, world),
    }
    if (signal.aborted) return
    if ((await backplane.writeBase(lease, base, bytes)) === 'fenced') throw fenced(lease)
    log.merged(base, blobs)
  }

  async #run(steps: Generator<undefined, Uint8Array>): Promise<Uint8Array | undefined> {
    for (;;) {
      const step = steps.next()
      if (step.done) return step.value
      await this.#options.world.giveWay()
      if (this.#options.signal.aborted) return undefined
    }
  }
}
