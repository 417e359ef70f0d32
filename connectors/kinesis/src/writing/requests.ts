import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { classOf, nameOf } from '../client/error-class.ts'
import { type Carrier, entriesOf } from './carrier.ts'
import type { Entry } from './entry.ts'
import { putRecords, type PutRecordsEntry } from './put-records.ts'
import type { ShardMap } from './shard-map.ts'

/** What was not put, and why. */
export interface Refused {
  readonly carrier: Carrier
  /** Those of the carrier that are to be put again. */
  readonly entries: readonly Entry[]
  /** Error code of the service, or the name of what has failed before it. */
  readonly error: string
  readonly message: string
}

/** Is told what became of the carriers of a request. */
export interface Receiver {
  /** One is on the stream; of an aggregate, some entries may be astray, which are refused besides. */
  taken(carrier: Carrier, shardId: string, sequenceNumber: string, astray: readonly Entry[]): void
  /** All of one answer together, so that they keep their order. */
  refused(all: readonly Refused[]): void
  /** The service will never take it. */
  rejected(carrier: Carrier, error: Error): void
}

/** Errors of a whole request that one of its records may be to blame for. */
const refusals: ReadonlySet<string> = new Set(['ValidationException', 'InvalidArgumentException'])
const triesToProve = 2
const none: readonly Entry[] = []

/** Puts carriers, and finds out what became of each. */
export class Requests {
  readonly #client: KinesisClient
  readonly #map: ShardMap
  readonly #receiver: Receiver
  #hasTaken = false
  /** Number of those that were made. */
  count = 0

  constructor(client: KinesisClient, map: ShardMap, receiver: Receiver) {
    this.#client = client
    this.#map = map
    this.#receiver = receiver
  }

  /** One request, or several if one record would fail all others. */
  async put(batch: readonly Carrier[]): Promise<void> {
    this.count++
    let answers: readonly PutRecordsEntry[]
    try {
      answers = await putRecords(this.#client, this.#map.reference, batch)
    } catch (error) {
      if (refusals.has(nameOf(error))) return this.#putApart(batch, error as Error)
      this.#receiver.refused(batch.map((carrier) => refusedBy(carrier, error)))
      if (classOf(error) === 'gone') void this.#map.relearn()
      return
    }
    await this.#answered(batch, answers)
  }

  /** One record may be to blame: the others are put without it. Of one alone it is known. */
  async #putApart(batch: readonly Carrier[], error: Error): Promise<void> {
    const [only] = batch
    if (batch.length > 1) {
      // one after the other, as order may matter
      const half = batch.length >> 1
      await this.put(batch.slice(0, half))
      return this.put(batch.slice(half))
    }
    if (only === undefined) return
    if (only.members !== undefined) putAlone(only.members)
    const [entry, ...others] = entriesOf(only)
    // where none was ever taken, it may as well be the stream that is wrong: one whose shards are known takes what is right
    const isProven = this.#hasTaken || (this.#map.isKnown && (entry?.attempts?.length ?? 0) >= triesToProve)
    if (isProven && others.length === 0 && entry?.failed !== undefined) this.#receiver.rejected(only, error)
    else this.#receiver.refused([refusedBy(only, error)])
  }

  async #answered(batch: readonly Carrier[], answers: readonly PutRecordsEntry[]): Promise<void> {
    const isUnknown = answers.some(({ ShardId }) => ShardId !== undefined && !this.#map.has(ShardId))
    const relearned = isUnknown ? this.#map.relearn() : undefined
    // of an aggregate that went elsewhere, members may belong to yet another shard
    const mayBeAstray = batch.some(
      ({ members, shardId }, i) => members !== undefined && answers[i]?.ShardId !== shardId,
    )
    if (mayBeAstray) await relearned
    const refused: Refused[] = []
    batch.forEach((carrier, i) => {
      const { ShardId: shardId, SequenceNumber: sequenceNumber, ErrorCode, ErrorMessage = '' } = answers[i] ?? {}
      if (ErrorCode !== undefined || shardId === undefined || sequenceNumber === undefined)
        return void refused.push({
          carrier,
          entries: entriesOf(carrier),
          error: ErrorCode ?? 'NoAnswer',
          message: ErrorMessage,
        })
      this.#hasTaken = true
      const astray = this.#astray(carrier, shardId)
      this.#receiver.taken(carrier, shardId, sequenceNumber, astray)
      if (astray.length === 0) return
      const message = `its aggregate went to ${shardId}, which is not its own`
      refused.push({ carrier, entries: astray, error: 'WrongShard', message })
    })
    this.#receiver.refused(refused)
  }

  /** Members of an aggregate that is not where it was meant to be, who do not belong there: those who read as KCL does would drop them. */
  #astray({ members, shardId: meant }: Carrier, shardId: string): readonly Entry[] {
    if (members === undefined || shardId === meant) return none
    if (this.#map.has(shardId)) return members.filter(({ key }) => this.#map.find(key.hash) !== shardId)
    // of a shard that could not be learned nothing is known to belong there; alone each lands where it does
    putAlone(members)
    return members
  }
}

function putAlone(entries: readonly Entry[]): void {
  for (const entry of entries) entry.isAlone = true
}

function refusedBy(carrier: Carrier, cause: unknown): Refused {
  const message = cause instanceof Error ? cause.message : ''
  return { carrier, entries: entriesOf(carrier), error: nameOf(cause), message }
}
