import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { listShards } from '../client/list-shards.ts'
import { hexOfHashKey } from '../wire/hash-key.ts'

interface OpenShard {
  readonly id: string
  /** Last hash key, as 32 hex digits. */
  readonly to: string
}

const retryEveryMs = 500

/** Which open shard a hash key belongs to, as far as is known. */
export class ShardMap {
  readonly #client: KinesisClient
  readonly #stream: { readonly StreamName: string } | { readonly StreamARN: string }
  readonly #changed: () => void
  #shards: readonly OpenShard[] = []
  #ids: ReadonlySet<string> = new Set()
  #learning: Promise<boolean> | undefined
  #failedAt = -Infinity

  /** `changed` is called when the shards were learned. */
  constructor(client: KinesisClient, stream: ShardMap['reference'], changed: () => void) {
    this.#client = client
    this.#stream = stream
    this.#changed = changed
  }

  get reference(): { readonly StreamName: string } | { readonly StreamARN: string } {
    return this.#stream
  }

  /** Whether the shards were ever learned. */
  get isKnown(): boolean {
    return this.#shards.length > 0
  }

  /** Number of open shards. */
  get size(): number {
    return this.#shards.length
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  /** Asks for the shards. @throws what the client throws; the map stays as it is then */
  async refresh(): Promise<void> {
    const listed = await listShards(this.#client, this.#stream, { filter: { Type: 'AT_LATEST' } })
    // some servers know no filter
    const open = listed.filter(({ SequenceNumberRange }) => SequenceNumberRange?.EndingSequenceNumber === undefined)
    const shards = open.map(({ ShardId: id = '', HashKeyRange }) => ({
      id,
      to: hexOfHashKey(BigInt(HashKeyRange?.EndingHashKey ?? '0')),
    }))
    this.#shards = shards.toSorted((a, b) => (a.to < b.to ? -1 : 1))
    this.#ids = new Set(shards.map(({ id }) => id))
    this.#changed()
  }

  /** The same, once for all who ask at a time, and not again soon after it has failed. @returns whether the shards are known now */
  relearn(): Promise<boolean> {
    if (this.#learning !== undefined) return this.#learning
    if (performance.now() - this.#failedAt < retryEveryMs) return Promise.resolve(false)
    this.#learning = this.refresh()
      .then(
        () => true,
        () => {
          this.#failedAt = performance.now()
          return false
        },
      )
      .finally(() => (this.#learning = undefined))
    return this.#learning
  }

  /** `hash` is 32 hex digits. Undefined where no shards are known. */
  find(hash: string): string | undefined {
    const shards = this.#shards
    let [low, high] = [0, shards.length - 1]
    if (high < 0) return undefined
    while (low < high) {
      const middle = (low + high) >> 1
      if ((shards[middle] as OpenShard).to < hash) low = middle + 1
      else high = middle
    }
    return shards[low]?.id
  }
}
