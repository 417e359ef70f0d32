import type { ClaimedTask, HeartbeatReply, HeartbeatRequest, Partition, WorkerInfo } from '@millrace/core'
import type { ClaimReply, Scripts } from './scripts.ts'
import { type Session, Sessions } from './sessions.ts'
import { chunksOf } from './split.ts'

/** So many leases one script renews. */
const leasesACall = 1_000

/** How {@link Membership} is asked for tasks. */
export interface ClaimOptions {
  readonly worker: string
  readonly most: number
  readonly mostOfSources?: number
  readonly leaseMs: number
}

/** Signs of life, and the tasks that workers take from each other. */
export class Membership {
  readonly #scripts: Scripts
  readonly #nonce: () => string
  readonly #sessions: Sessions

  constructor(scripts: Scripts, nonce: () => string) {
    this.#scripts = scripts
    this.#nonce = nonce
    this.#sessions = new Sessions(nonce)
  }

  async heartbeat(request: HeartbeatRequest): Promise<HeartbeatReply & { readonly run: string }> {
    const { worker, leases, leaseMs, load, isDraining } = request
    const session = this.#sessions.of(worker).id
    const info: WorkerInfo = { worker, ...load, isDraining }
    const chunks = chunksOf(leases, leasesACall)
    const last = chunks.pop() ?? []
    const held: boolean[] = []
    for (const some of chunks) held.push(...(await this.#scripts.renew({ leases: some, leaseMs })))
    const line = JSON.stringify(info)
    const { lines, ...reply } = await this.#scripts.heartbeat({ worker, session, leases: last, leaseMs, line })
    return { ...reply, held: [...held, ...reply.held], workers: workersOf(lines) }
  }

  async claim(options: ClaimOptions): Promise<readonly ClaimedTask[]> {
    const { worker, most, mostOfSources = most, leaseMs } = options
    if (most <= 0) return []
    const session = this.#sessions.of(worker)
    const nonce = this.#nextClaim(session)
    const number = session.claims
    const { id } = session
    const claimed = await this.#scripts.claim({ worker, most, mostOfSources, leaseMs, nonce, number, session: id })
    session.openClaim = undefined
    return claimed.map(taskOf)
  }

  /** The claim before is repeated as long as nobody knows what became of it. */
  #nextClaim(session: Session): string {
    if (session.openClaim === undefined) session.claims++
    session.openClaim ??= this.#nonce()
    return session.openClaim
  }

  async leave(worker: string): Promise<void> {
    await this.#scripts.leave({ worker, session: this.#sessions.find(worker)?.id })
    this.#sessions.end(worker)
  }
}

/** Reads the lines of workers, in the order of their names. */
export const workersOf = (lines: readonly string[]): WorkerInfo[] =>
  lines.map((line) => JSON.parse(line) as WorkerInfo).toSorted((a, b) => (a.worker < b.worker ? -1 : 1))

function taskOf({ lease, partition, start, watermark }: ClaimReply): ClaimedTask {
  const known = partition === undefined ? {} : { partition: JSON.parse(partition) as Partition }
  return { lease, ...known, ...(start !== undefined && { start }), watermark }
}
