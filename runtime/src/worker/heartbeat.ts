import type { Backplane, Lease } from '@millrace/core'
import type { Logger } from '../logger.ts'
import type { World } from '../world.ts'
import { messageOf, sleep } from './retry.ts'

/** What a {@link heartbeat} keeps alive, and whom it tells. */
export interface HeartbeatOptions {
  readonly backplane: Backplane
  readonly lease: Lease
  readonly leaseMs: number
  readonly world: World
  readonly log: Logger
  readonly signal: AbortSignal
  /** The backplane says that the lease is lost. */
  readonly lost: () => void
  /** Called with each beat, for requests that come through the backplane. */
  readonly beat: () => Promise<void>
}

/** Renews a lease three times in its life until the signal fires or it is lost. Never rejects. */
export async function heartbeat(options: HeartbeatOptions): Promise<void> {
  const { world, leaseMs, signal, log } = options
  for (;;) {
    await sleep(leaseMs / 3, world, signal)
    if (signal.aborted) return
    try {
      if (await beatOnce(options)) continue
      return options.lost()
    } catch (error) {
      // only the backplane knows whether the lease is lost; it says so at the next beat or checkpoint
      log.warn({ err: error }, `the lease was not renewed: ${messageOf(error)}`)
    }
  }
}

async function beatOnce({ backplane, lease, leaseMs, beat }: HeartbeatOptions): Promise<boolean> {
  const [held = false] = await backplane.renew([lease], leaseMs)
  if (held) await beat()
  return held
}
