import { type KinesisClient, ListShardsCommand } from '@aws-sdk/client-kinesis'
import { hexOfHashKey } from '../wire/hash-key.ts'

interface OpenShard {
  readonly id: string
  /** Last hash key, as 32 hex digits. */
  readonly to: string
}

/** Which open shard a hash key belongs to, as far as is known. */
export class ShardMap {
  readonly #client: KinesisClient
  readonly #stream: { readonly StreamName: string } | { readonly StreamARN: string }
  #shards: readonly OpenShard[] = []
  #ids: ReadonlySet<string> = new Set()

  constructor(client: KinesisClient, stream: ShardMap['reference']) {
    this.#client = client
    this.#stream = stream
  }

  get reference(): { readonly StreamName: string } | { readonly StreamARN: string } {
    return this.#stream
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  /** Asks for the shards. @throws what the client throws; the map stays as it is then */
  async refresh(): Promise<void> {
    const shards: OpenShard[] = []
    let token: string | undefined
    do {
      const input =
        token === undefined ? { ...this.#stream, ShardFilter: { Type: 'AT_LATEST' as const } } : { NextToken: token }
      const page = await this.#client.send(new ListShardsCommand(input))
      for (const { ShardId = '', HashKeyRange, SequenceNumberRange } of page.Shards ?? []) {
        // some servers know no filter
        if (SequenceNumberRange?.EndingSequenceNumber !== undefined) continue
        shards.push({ id: ShardId, to: hexOfHashKey(BigInt(HashKeyRange?.EndingHashKey ?? '0')) })
      }
      token = page.NextToken
    } while (token !== undefined)
    this.#shards = shards.toSorted((a, b) => (a.to < b.to ? -1 : 1))
    this.#ids = new Set(shards.map(({ id }) => id))
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
