import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  type KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  RegisterStreamConsumerCommand,
  DescribeStreamConsumerCommand,
  type Shard,
  SplitShardCommand,
  UpdateShardCountCommand,
} from '@aws-sdk/client-kinesis'
import { hashKeyOf } from '@millrace/kinesis'
import { setTimeout as pause } from 'node:timers/promises'

/** Something that the service does, by its documentation. Throws where a server does another thing. */
export interface Check {
  readonly name: string
  readonly run: (client: KinesisClient, stream: string) => Promise<void>
}

const half = 170141183460469231731687303715884105728n
const byValue = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const patienceMs = 10_000

function same(found: unknown, wanted: unknown): void {
  const [left, right] = [found, wanted].map((each) => JSON.stringify(each))
  if (left !== right) throw new Error(`${left} in place of ${right}`)
}

async function refused(call: Promise<unknown>, ...names: readonly string[]): Promise<void> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown as Error,
  )
  if (error === undefined) throw new Error('it was accepted')
  if (!names.includes(error.name)) throw new Error(`${error.name}: ${error.message}`)
}

/** A stream that can be used. */
async function created(client: KinesisClient, name: string, shards: number): Promise<Shard[]> {
  await client.send(new CreateStreamCommand({ StreamName: name, ShardCount: shards }))
  return settled(client, name)
}

async function settled(client: KinesisClient, name: string): Promise<Shard[]> {
  const until = performance.now() + patienceMs
  for (;;) {
    const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName: name }))
    if (StreamDescriptionSummary?.StreamStatus === 'ACTIVE') break
    if (performance.now() > until) throw new Error(`${name} does not become active`)
    await pause(20)
  }
  return (await client.send(new ListShardsCommand({ StreamName: name }))).Shards ?? []
}

const put = (client: KinesisClient, name: string, key: string, text: string) =>
  client.send(new PutRecordCommand({ StreamName: name, PartitionKey: key, Data: utf8(text) }))

/** Its shards once there are so many that are open. */
async function scaled(client: KinesisClient, name: string, shards: number): Promise<Shard[]> {
  const update = { StreamName: name, TargetShardCount: shards, ScalingType: 'UNIFORM_SCALING' as const }
  await client.send(new UpdateShardCountCommand(update))
  return settled(client, name)
}

const isOpen = ({ SequenceNumberRange }: Shard): boolean => SequenceNumberRange?.EndingSequenceNumber === undefined

async function iterator(
  client: KinesisClient,
  StreamName: string,
  shard: Shard | undefined,
  at: Pick<GetShardIteratorCommandInput, 'ShardIteratorType' | 'StartingSequenceNumber' | 'Timestamp'>,
): Promise<string> {
  const input = { StreamName, ShardId: shard?.ShardId, ...at }
  return (await client.send(new GetShardIteratorCommand(input))).ShardIterator ?? ''
}

const records = (client: KinesisClient, ShardIterator: string, Limit?: number): Promise<GetRecordsCommandOutput> =>
  client.send(new GetRecordsCommand({ ShardIterator, ...(Limit !== undefined && { Limit }) }))

const textsOf = ({ Records = [] }: GetRecordsCommandOutput): string[] =>
  Records.map(({ Data }) => Buffer.from(Data ?? []).toString())

/** Of the shards of a server. */
export const checks: readonly Check[] = [
  {
    name: 'divides the hash keys evenly',
    run: async (client, name) => {
      const shards = await created(client, name, 2)
      same(
        shards.map(({ HashKeyRange }) => HashKeyRange?.StartingHashKey),
        ['0', String(half)],
      )
    },
  },
  {
    name: 'puts a record where the MD5 of its key belongs',
    run: async (client, name) => {
      const shards = await created(client, name, 2)
      for (const key of ['a', 'user-1', '日本']) {
        const { ShardId } = await put(client, name, key, key)
        same(ShardId, shards[hashKeyOf(key) < half ? 0 : 1]?.ShardId)
      }
    },
  },
  {
    name: 'puts a record where its explicit hash key belongs, and keeps its partition key',
    run: async (client, name) => {
      const [, second] = await created(client, name, 2)
      const input = { StreamName: name, PartitionKey: 'a', ExplicitHashKey: String(half), Data: utf8('x') }
      same((await client.send(new PutRecordCommand(input))).ShardId, second?.ShardId)
      const read = await records(client, await iterator(client, name, second, { ShardIteratorType: 'TRIM_HORIZON' }))
      same(read.Records?.[0]?.PartitionKey, 'a')
    },
  },
  {
    name: 'reads in order from each kind of start',
    run: async (client, name) => {
      const [shard] = await created(client, name, 1)
      const numbers: (string | undefined)[] = []
      for (const text of ['1', '2', '3']) numbers.push((await put(client, name, 'k', text)).SequenceNumber)
      const [, second = ''] = numbers
      const from = async (at: Parameters<typeof iterator>[3]): Promise<string[]> =>
        textsOf(await records(client, await iterator(client, name, shard, at)))
      same(await from({ ShardIteratorType: 'TRIM_HORIZON' }), ['1', '2', '3'])
      same(await from({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: second }), ['2', '3'])
      same(await from({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: second }), ['3'])
      same(await from({ ShardIteratorType: 'LATEST' }), [])
      same(await from({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(0) }), ['1', '2', '3'])
    },
  },
  {
    name: 'goes on from page to page, and gives an iterator at the tip',
    run: async (client, name) => {
      const [shard] = await created(client, name, 1)
      for (const text of ['1', '2', '3']) await put(client, name, 'k', text)
      const first = await records(client, await iterator(client, name, shard, { ShardIteratorType: 'TRIM_HORIZON' }), 2)
      const second = await records(client, first.NextShardIterator ?? '', 2)
      const third = await records(client, second.NextShardIterator ?? '', 2)
      same([textsOf(first), textsOf(second), textsOf(third)], [['1', '2'], ['3'], []])
      same(third.NextShardIterator !== undefined && third.MillisBehindLatest === 0, true)
    },
  },
  {
    name: 'gives sequence numbers that grow',
    run: async (client, name) => {
      await created(client, name, 1)
      const numbers: bigint[] = []
      for (const text of ['1', '2', '3']) numbers.push(BigInt((await put(client, name, 'k', text)).SequenceNumber ?? 0))
      same(
        numbers.every((number, i) => i === 0 || number > (numbers[i - 1] ?? 0n)),
        true,
      )
    },
  },
  {
    name: 'answers PutRecords in the order of the request',
    run: async (client, name) => {
      const shards = await created(client, name, 2)
      const keys = ['a', 'user-1', '日本', 'user-1']
      const Records = keys.map((PartitionKey) => ({ PartitionKey, Data: utf8(PartitionKey) }))
      const answer = await client.send(new PutRecordsCommand({ StreamName: name, Records }))
      same(answer.FailedRecordCount, 0)
      const wanted = keys.map((key) => shards[hashKeyOf(key) < half ? 0 : 1]?.ShardId)
      same(
        answer.Records?.map(({ ShardId }) => ShardId),
        wanted,
      )
    },
  },
  {
    name: 'refuses 501 records',
    run: async (client, name) => {
      await created(client, name, 1)
      const Records = Array.from({ length: 501 }, () => ({ PartitionKey: 'k', Data: utf8('x') }))
      await refused(
        client.send(new PutRecordsCommand({ StreamName: name, Records })),
        'ValidationException',
        'InvalidArgumentException',
      )
    },
  },
  {
    name: 'refuses a record of more than 1 MiB',
    run: async (client, name) => {
      await created(client, name, 1)
      const Data = new Uint8Array(1_048_577)
      await refused(
        client.send(new PutRecordCommand({ StreamName: name, PartitionKey: 'k', Data })),
        'ValidationException',
        'InvalidArgumentException',
      )
    },
  },
  {
    name: 'closes a shard that is split: it ends, and names its children',
    run: async (client, name) => {
      const [shard] = await created(client, name, 1)
      await put(client, name, 'k', '1')
      const split = { StreamName: name, ShardToSplit: shard?.ShardId, NewStartingHashKey: String(half) }
      await client.send(new SplitShardCommand(split))
      const shards = await settled(client, name)
      same(
        shards.map(({ ParentShardId }) => ParentShardId ?? null),
        [null, shard?.ShardId, shard?.ShardId],
      )
      let read = await records(client, await iterator(client, name, shard, { ShardIteratorType: 'TRIM_HORIZON' }))
      for (let reads = 0; read.NextShardIterator && reads < 5; reads++)
        read = await records(client, read.NextShardIterator)
      same(read.NextShardIterator ?? null, null)
      same(
        read.ChildShards?.map(({ ShardId }) => ShardId),
        shards.slice(1).map(({ ShardId }) => ShardId),
      )
    },
  },
  {
    name: 'merges two adjacent shards into one that knows both',
    run: async (client, name) => {
      const [first, second] = await created(client, name, 2)
      const merge = { StreamName: name, ShardToMerge: first?.ShardId, AdjacentShardToMerge: second?.ShardId }
      await client.send(new MergeShardsCommand(merge))
      const child = (await settled(client, name)).at(-1)
      same([child?.ParentShardId, child?.AdjacentParentShardId], [first?.ShardId, second?.ShardId])
    },
  },
  {
    name: 'refuses to merge shards that are not adjacent',
    run: async (client, name) => {
      const [first, , third] = await created(client, name, 3)
      const merge = { StreamName: name, ShardToMerge: first?.ShardId, AdjacentShardToMerge: third?.ShardId }
      await refused(client.send(new MergeShardsCommand(merge)), 'InvalidArgumentException')
    },
  },
  {
    name: 'lists shards in pages',
    run: async (client, name) => {
      await created(client, name, 3)
      const first = await client.send(new ListShardsCommand({ StreamName: name, MaxResults: 2 }))
      const second = await client.send(new ListShardsCommand({ NextToken: first.NextToken }))
      same([first.Shards?.length, second.Shards?.length, second.NextToken ?? null], [2, 1, null])
    },
  },
  {
    name: 'lists open shards alone for AT_LATEST',
    run: async (client, name) => {
      const [shard] = await created(client, name, 1)
      const split = { StreamName: name, ShardToSplit: shard?.ShardId, NewStartingHashKey: String(half) }
      await client.send(new SplitShardCommand(split))
      await settled(client, name)
      const listed = await client.send(new ListShardsCommand({ StreamName: name, ShardFilter: { Type: 'AT_LATEST' } }))
      same(listed.Shards?.length, 2)
    },
  },
  {
    name: 'refuses a Limit of more than 10,000',
    run: async (client, name) => {
      const [shard] = await created(client, name, 1)
      const at = await iterator(client, name, shard, { ShardIteratorType: 'TRIM_HORIZON' })
      await refused(records(client, at, 10_001), 'InvalidArgumentException', 'ValidationException')
    },
  },
  {
    name: 'refuses an iterator that is none',
    run: async (client) => refused(records(client, 'nonsense'), 'InvalidArgumentException', 'ValidationException'),
  },
  {
    name: 'knows no stream that was not created',
    run: async (client, name) =>
      refused(client.send(new DescribeStreamSummaryCommand({ StreamName: name })), 'ResourceNotFoundException'),
  },
  {
    name: 'creates no stream twice',
    run: async (client, name) => {
      await created(client, name, 1)
      const again = client.send(new CreateStreamCommand({ StreamName: name, ShardCount: 1 }))
      await refused(again, 'ResourceInUseException')
    },
  },
  {
    name: 'changes the number of shards',
    run: async (client, name) => {
      await created(client, name, 2)
      const shards = await scaled(client, name, 4)
      same(shards.filter(isOpen).length, 4)
    },
  },
  {
    name: 'goes to a number of shards that is no multiple by splits and merges',
    run: async (client, name) => {
      await created(client, name, 3)
      const shards = await scaled(client, name, 5)
      const rangeOf = ({ HashKeyRange }: Shard): [bigint, bigint] => [
        BigInt(HashKeyRange?.StartingHashKey ?? '0'),
        BigInt(HashKeyRange?.EndingHashKey ?? '0'),
      ]
      const open = shards
        .filter(isOpen)
        .map(rangeOf)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
      same(open.length, 5)
      same(
        open.every(([from], i) => from === (i === 0 ? 0n : (open[i - 1]?.[1] ?? 0n) + 1n)),
        true,
      )
      // what a shard has taken over is all its parents had, or a part of what its one parent had
      const byId = new Map(shards.map((shard) => [shard.ShardId, shard]))
      for (const shard of shards) {
        const parents = [shard.ParentShardId, shard.AdjacentParentShardId].filter((id) => id !== undefined)
        if (parents.length === 0) continue
        const [[from, to], ranges] = [rangeOf(shard), parents.map((id) => rangeOf(byId.get(id) as Shard))]
        const [first, last] = [ranges.map(([a]) => a), ranges.map(([, b]) => b)].map((ends) => ends.toSorted(byValue))
        same(from >= (first?.[0] ?? 0n) && to <= (last?.at(-1) ?? 0n), true)
        if (parents.length === 2) same([from === first?.[0], to === last?.at(-1)], [true, true])
      }
    },
  },
  {
    name: 'changes shards once at a time',
    run: async (client, name) => {
      const [first, second] = await created(client, name, 2)
      const split = (shard: Shard | undefined): Promise<unknown> => {
        const { StartingHashKey = '0', EndingHashKey = '0' } = shard?.HashKeyRange ?? {}
        const NewStartingHashKey = String((BigInt(StartingHashKey) + BigInt(EndingHashKey)) / 2n + 1n)
        return client.send(
          new SplitShardCommand({ StreamName: name, ShardToSplit: shard?.ShardId, NewStartingHashKey }),
        )
      }
      await split(first)
      await refused(split(second), 'ResourceInUseException')
      await settled(client, name)
      await split(second)
      same((await settled(client, name)).length, 6)
    },
  },
  {
    name: 'takes no records before it is created',
    run: async (client, name) => {
      await client.send(new CreateStreamCommand({ StreamName: name, ShardCount: 1 }))
      const record = { StreamName: name, PartitionKey: 'k', Data: utf8('x') }
      await refused(client.send(new PutRecordCommand(record)), 'ResourceNotFoundException', 'ResourceInUseException')
      await settled(client, name)
      await client.send(new PutRecordCommand(record))
    },
  },
  {
    name: 'registers a consumer',
    run: async (client, name) => {
      await created(client, name, 1)
      const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName: name }))
      const reference = { StreamARN: StreamDescriptionSummary?.StreamARN, ConsumerName: 'c' }
      await client.send(new RegisterStreamConsumerCommand(reference))
      const { ConsumerDescription } = await client.send(new DescribeStreamConsumerCommand(reference))
      same(ConsumerDescription?.ConsumerName, 'c')
    },
  },
  {
    name: 'throttles a shard that takes more than 1,000 records a second',
    run: async (client, name) => {
      await created(client, name, 1)
      const Records = Array.from({ length: 500 }, () => ({ PartitionKey: 'k', Data: utf8('x') }))
      let failed = 0
      for (let i = 0; i < 4; i++) {
        const answer = await client.send(new PutRecordsCommand({ StreamName: name, Records }))
        failed += answer.FailedRecordCount ?? 0
      }
      same(failed > 0, true)
    },
  },
]
