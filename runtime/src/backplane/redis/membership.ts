import type { ClaimedTask, HeartbeatReply, HeartbeatRequest, Lease, Partition, WorkerInfo } from '@millrace/core'
import type { World } from '../../world.ts'
import { Roster } from './roster.ts'
import type { BeatReply, ClaimReply, Scripts } from './scripts.ts'
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
  readonly #world: Pick<World, 'elapsed' | 'nonce'>
  readonly #sessions: Sessions
  readonly #roster = new Roster()

  constructor(scripts: Scripts, world: Pick<World, 'elapsed' | 'nonce'>) {
    this.#scripts = scripts
    this.#world = world
    this.#sessions = new Sessions(() => world.nonce())
  }

  async heartbeat(request: HeartbeatRequest): Promise<HeartbeatReply & { readonly run: string }> {
    const { leases, leaseMs } = request
    const chunks = chunksOf(leases, leasesACall)
    const last = chunks.pop() ?? []
    const held: boolean[] = []
    for (const some of chunks) held.push(...(await this.#scripts.renew({ leases: some, leaseMs })))
    const { workers, reply } = await this.#beat(request, last)
    const { alive: _alive, lines: _lines, ...rest } = reply
    return { ...rest, held: [...held, ...reply.held], workers }
  }

  async #beat(
    { worker, leaseMs, load, isDraining }: HeartbeatRequest,
    leases: readonly Lease[],
  ): Promise<{ readonly workers: readonly WorkerInfo[]; readonly reply: BeatReply }> {
    const own: WorkerInfo = { worker, ...load, isDraining }
    const now = this.#world.elapsed()
    const beat = { worker, session: this.#sessions.of(worker).id, leaseMs, line: JSON.stringify(own) }
    const reply = await this.#scripts.heartbeat({ ...beat, leases, wantsLines: this.#roster.isOld(now) })
    if (reply.lines.length > 0 || this.#roster.has(reply.alive))
      return { workers: this.#roster.update(reply.lines, own, now), reply }
    const { lines } = await this.#scripts.heartbeat({ ...beat, leases: [], wantsLines: true })
    return { workers: this.#roster.update(lines, own, now), reply }
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
    session.openClaim ??= this.#world.nonce()
    return session.openClaim
  }

  async leave(worker: string): Promise<void> {
    await this.#scripts.leave({ worker, session: this.#sessions.find(worker)?.id })
    this.#sessions.end(worker)
  }
}

function taskOf({ lease, partition, start, watermark }: ClaimReply): ClaimedTask {
  const known = partition === undefined ? {} : { partition: JSON.parse(partition) as Partition }
  return { lease, ...known, ...(start !== undefined && { start }), watermark }
}
