import type { OperationContext } from './operation-context.ts'
import { badArgument, ServiceError } from './service-error.ts'
import { shapeOf } from './shapes.ts'
import type { StoredShard } from './stored-shard.ts'
import type { StreamReference } from './stored-streams.ts'

const tokenLifetimeMs = 300_000

/** What ListShards is asked. */
export interface ListShardsInput extends StreamReference {
  readonly NextToken?: string
  readonly ExclusiveStartShardId?: string
  readonly MaxResults?: number
  readonly ShardFilter?: { readonly Type: string; readonly ShardId?: string; readonly Timestamp?: number }
}

/** Lists shards, a page at a time. */
export function listShards(input: ListShardsInput, { streams, now }: OperationContext): string {
  const { NextToken, ExclusiveStartShardId, MaxResults = 1_000, ShardFilter } = input
  if (NextToken !== undefined && (input.StreamName ?? input.StreamARN) !== undefined)
    throw badArgument('NextToken and StreamName cannot be given together.')
  const token = NextToken === undefined ? undefined : tokenOf(NextToken, now())
  const stream = token === undefined ? streams.of(input) : streams.named(token.stream)
  if (stream.status === 'CREATING')
    throw new ServiceError('ResourceInUseException', `Stream ${stream.name} is not ACTIVE, instead in state CREATING`)
  const filter = token?.filter ?? ShardFilter
  const from =
    token?.after ?? ExclusiveStartShardId ?? (filter?.Type === 'AFTER_SHARD_ID' ? (filter.ShardId ?? '') : '')
  const found = [...stream.shards.values()].filter((shard) => shard.id > from && passes(shard, filter))
  const page = found.slice(0, MaxResults)
  const next = { stream: stream.name, after: page.at(-1)?.id ?? '', filter, at: now() }
  return JSON.stringify({
    Shards: page.map(shapeOf),
    ...(found.length > page.length && { NextToken: Buffer.from(JSON.stringify(next)).toString('base64') }),
  })
}

interface ListToken {
  readonly stream: string
  readonly after: string
  readonly filter?: ListShardsInput['ShardFilter']
  readonly at: number
}

function tokenOf(text: string, now: number): ListToken {
  let token: ListToken
  try {
    token = JSON.parse(Buffer.from(text, 'base64').toString()) as ListToken
  } catch {
    throw badArgument('Invalid NextToken.')
  }
  if (now - token.at > tokenLifetimeMs) throw new ServiceError('ExpiredNextTokenException', 'NextToken expired.')
  return token
}

function passes({ closedAt, createdAt }: StoredShard, filter: ListShardsInput['ShardFilter']): boolean {
  const at = (filter?.Timestamp ?? 0) * 1000
  switch (filter?.Type) {
    case 'AT_LATEST':
      return closedAt === undefined
    case 'AT_TIMESTAMP':
      return createdAt <= at && (closedAt === undefined || closedAt > at)
    case 'FROM_TIMESTAMP':
      return closedAt === undefined || closedAt > at
    default:
      return true
  }
}
