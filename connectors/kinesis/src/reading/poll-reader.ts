import { GetShardIteratorCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { isMillraceError, type Read, type Reader } from '@millrace/core'
import { classOf } from '../client/error-class.ts'
import { getRecords } from './get-records.ts'
import type { KinesisMeta } from './kinesis-meta.ts'
import { PollPace, type PollRate } from './poll-pace.ts'
import { ShardCursor, type ShardOptions } from './shard-cursor.ts'
import { TwoBuffers } from './two-buffers.ts'
import { wait } from './wait.ts'

/** Records of one call. */
const mostRecords = 10_000
/** A reader tells that it has nothing so often. */
const patienceMs = 1_000
/** One that is asked once a second is at its tip all the while. */
const tipHoldsMs = 2 * patienceMs

/** Reads a shard by polling it. */
export class PollReader<T> implements Reader<T, KinesisMeta> {
  readonly #client: KinesisClient
  readonly #options: ShardOptions
  readonly #cursor: ShardCursor
  readonly #pace: PollPace
  readonly #buffers = new TwoBuffers()
  #iterator: string | undefined

  constructor(client: KinesisClient, options: ShardOptions, rate: PollRate) {
    this.#client = client
    this.#options = options
    this.#cursor = new ShardCursor(client, { ...options, tipHoldsMs })
    this.#pace = new PollPace(rate)
  }

  async read(signal: AbortSignal): Promise<Read<T, KinesisMeta>> {
    const until = performance.now() + patienceMs
    let next = this.#cursor.next()
    while (next === undefined && performance.now() < until && !signal.aborted) {
      const untilDue = this.#pace.untilDue(performance.now())
      await wait(Math.min(untilDue, until - performance.now()), signal)
      if (this.#pace.untilDue(performance.now()) > 0 || signal.aborted) continue
      await this.#poll(signal)
      next = this.#cursor.next() ?? this.#cursor.nothing(signal)
    }
    return next ?? this.#cursor.nothing(signal)
  }

  async close(): Promise<void> {}

  async #poll(signal: AbortSignal): Promise<void> {
    let calledAt = performance.now()
    try {
      if (await this.#cursor.mayBeOvertaken()) this.#iterator = undefined
      this.#iterator ??= await this.#newIterator(signal)
      calledAt = performance.now()
      const memory = (bytes: number): Buffer => this.#buffers.next(bytes)
      const answer = await getRecords(this.#client, this.#iterator, mostRecords, memory, signal)
      const { records, bytes, nextIterator, millisBehindLatest, childShards } = answer
      this.#pace.answered(calledAt, bytes, millisBehindLatest === 0 && records.length < mostRecords)
      this.#iterator = nextIterator
      const children = nextIterator === undefined ? childShards : undefined
      await this.#cursor.take({ records, millisBehindLatest, children })
    } catch (error) {
      if (!signal.aborted) await this.#recover(error, calledAt)
    }
  }

  async #recover(error: unknown, calledAt: number): Promise<void> {
    this.#cursor.lostTouch()
    const kind = classOf(error)
    if (kind === 'position') {
      // an iterator that is too old is asked for again, from where the reader stands
      this.#iterator = undefined
      this.#pace.answered(calledAt, 0, false)
    } else if (kind === 'throttle') this.#pace.throttled(performance.now())
    else if (kind === 'gone') await this.#cursor.gone(error, 'GetRecords')
    else throw isMillraceError(error) ? error : this.#cursor.failed(error, 'GetRecords')
  }

  async #newIterator(signal: AbortSignal): Promise<string> {
    const { name, stream } = this.#options
    const { type, sequenceNumber, timestamp } = await this.#cursor.start()
    const command = new GetShardIteratorCommand({
      ...stream.reference,
      ShardId: name.shardId,
      ShardIteratorType: type,
      ...(sequenceNumber !== undefined && { StartingSequenceNumber: sequenceNumber }),
      ...(timestamp !== undefined && { Timestamp: timestamp }),
    })
    const { ShardIterator } = await this.#client.send(command, { abortSignal: signal })
    return ShardIterator ?? ''
  }
}
