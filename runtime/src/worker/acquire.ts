import { type Acquired, type Backplane, type Lease, MillraceError } from '@millrace/core'
import { type Liveness, livenessOf, parseOwner } from '../backplane/embedded/owner.ts'
import type { Logger } from '../logger.ts'
import type { World } from '../world.ts'
import { retry, saysRetryable, sleep } from './retry.ts'

/** What {@link acquire} asks for. */
export interface AcquireOptions {
  readonly backplane: Backplane
  readonly task: string
  readonly owner: string
  readonly leaseMs: number
  readonly world: World
  readonly log: Logger
  /** Ends the wait. */
  readonly signal: AbortSignal
  /** @default looks among the processes of this machine */
  readonly livenessOf?: (owner: string) => Liveness
}

/**
 * Takes the lease of a task. One that a live process of this machine holds is refused at once. One whose owner cannot be
 * seen from here (it ran in a container that is gone) is waited for until it expires. Undefined when the signal fired.
 */
export async function acquire(options: AcquireOptions): Promise<Lease | undefined> {
  const { task, owner, leaseMs, world, log, signal } = options
  for (let waits = 0; !signal.aborted; waits++) {
    const answer = await ask(options)
    if (answer.type === 'acquired') return answer.lease
    if (waits > 2 || (options.livenessOf ?? livenessOf)(answer.owner) === 'alive') throw held(task, answer)
    log.info(
      { owner, heldBy: answer.owner, expiresInMs: answer.expiresInMs },
      'waiting for the lease of the owner before',
    )
    await sleep(Math.min(answer.expiresInMs, leaseMs) + 1, world, signal)
  }
  return undefined
}

const ask = ({ backplane, task, owner, leaseMs, world, log, signal }: AcquireOptions): Promise<Acquired> =>
  retry(() => backplane.acquire({ task, owner, leaseMs }), {
    world,
    signal,
    isTransient: saysRetryable,
    failed: (error) => log.warn({ err: error }, 'the backplane did not answer acquire; it is asked again'),
  })

function held(task: string, { owner }: Extract<Acquired, { type: 'held' }>): MillraceError {
  const process = parseOwner(owner)
  const who = process ? `process ${process.pid} on ${process.host.split('/')[0]}` : owner
  const text = `job ${task}: ${who} runs it; stop that one first, or give this one a state file of its own`
  return new MillraceError('LEASE_HELD', text)
}
