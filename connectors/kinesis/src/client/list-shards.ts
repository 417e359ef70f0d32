import { type KinesisClient, ListShardsCommand, type Shard, type ShardFilter } from '@aws-sdk/client-kinesis'
import { classOf } from './error-class.ts'

/** Shards of a stream, all pages; a listing whose token has expired begins again. @throws what the client throws */
export async function listShards(
  client: KinesisClient,
  stream: { readonly StreamName: string } | { readonly StreamARN: string },
  { filter, signal }: { readonly filter?: ShardFilter; readonly signal?: AbortSignal } = {},
): Promise<Shard[]> {
  const first = { ...stream, ...(filter && { ShardFilter: filter }) }
  const shards: Shard[] = []
  let token: string | undefined
  for (;;) {
    const command = new ListShardsCommand(token === undefined ? first : { NextToken: token })
    try {
      const page = await client.send(command, { ...(signal && { abortSignal: signal }) })
      shards.push(...(page.Shards ?? []))
      token = page.NextToken
      if (token === undefined) return shards
    } catch (error) {
      if (classOf(error) !== 'listing') throw error
      shards.length = 0
      token = undefined
    }
  }
}
