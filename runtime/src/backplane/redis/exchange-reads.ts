import { type ExchangeCursor, type ExchangeEntries, MillraceError } from '@millrace/core'
import type { World } from '../../world.ts'
import type { ReadReply, Scripts } from './scripts.ts'
import { chunksOf } from './split.ts'

const cursorsACall = 128
/** What one script gives at most, about. */
const mostTotalBytes = 4 * 1024 * 1024
/**
 * After leases were voided, readers of the tenures before may still be at work for so long. The run does not always say so: of
 * two failovers the first one may be forgotten with what it raised, and the next one raises to the same again.
 */
const settlingMs = 30_000

/** Reads exchanges, many partitions a script. */
export class ExchangeReads {
  readonly #scripts: Pick<Scripts, 'readExchanges'>
  readonly #world: Pick<World, 'elapsed'>
  readonly #where: string
  #run: string | undefined
  /** When a reader was first found past the end of its partition, by partition. */
  readonly #beyondSince = new Map<string, number>()
  #turn = 0

  constructor(scripts: Pick<Scripts, 'readExchanges'>, world: Pick<World, 'elapsed'>, where: string) {
    this.#scripts = scripts
    this.#world = world
    this.#where = where
  }

  /** Told of the run of each lease. */
  sawRun(run: string): void {
    if (this.#run !== run) this.#beyondSince.clear()
    this.#run = run
  }

  async read(cursors: readonly ExchangeCursor[], mostBytes: number): Promise<readonly ExchangeEntries[]> {
    const answers: ExchangeEntries[] = []
    for (const some of chunksOf(cursors, cursorsACall)) answers.push(...(await this.#readSome(some, mostBytes)))
    return answers
  }

  /** Another cursor is the first each time, as the last ones may get nothing. */
  async #readSome(cursors: readonly ExchangeCursor[], mostBytes: number): Promise<ExchangeEntries[]> {
    const first = this.#turn++ % cursors.length
    const turned = [...cursors.slice(first), ...cursors.slice(0, first)]
    const reply = await this.#scripts.readExchanges({ cursors: turned, mostBytes, mostTotalBytes })
    if (reply.type === 'beyond') throw this.#beyond(reply)
    if (this.#beyondSince.size > 0) for (const cursor of turned) this.#beyondSince.delete(nameOf(cursor))
    const { found } = reply
    return [...found.slice(found.length - first), ...found.slice(0, found.length - first)]
  }

  #beyond({ cursor, end, run, isAdopted }: ReadReply & { type: 'beyond' }): MillraceError {
    const { exchange, partition, after } = cursor
    const what = `${this.#where}: exchange ${exchange}/${partition} ends at ${end}, before ${after}, where its reader stands`
    const now = this.#world.elapsed()
    const since = this.#beyondSince.get(nameOf(cursor)) ?? now
    this.#beyondSince.set(nameOf(cursor), since)
    const isSettled = isAdopted && (this.#run ?? run) === run && now - since >= settlingMs
    if (!isSettled)
      return new MillraceError(
        'BACKPLANE',
        `${what}: it has lost its last writes; tasks begin again from its records`,
        {
          retryable: true,
        },
      )
    const cure = 'the data was restored from an older copy: rewind the job, or restore a later copy'
    return new MillraceError('ROLLED_BACK', `${what}: ${cure}`, { partition: String(partition) })
  }
}

const nameOf = ({ exchange, partition }: ExchangeCursor): string => `${exchange}/${partition}`
