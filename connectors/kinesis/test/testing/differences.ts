/** Where a server does something else than a check says, and by what the check is right. */
export interface Difference {
  readonly check: string
  readonly server: string
  /** What it does, as the check finds it. */
  readonly does: RegExp
  /** Who is right. */
  readonly right: string
}

const noThrottle =
  'the check: a shard takes 1,000 records a second (quotas and limits of the developer guide); these servers have no rates'

export const differences: readonly Difference[] = [
  {
    check: 'divides the hash keys evenly',
    server: 'kinesis-local',
    does: /170141183460469231731687303715884105727/,
    right: 'the check: the two halves of 2^128 keys have 2^127 each; here the first has one less',
  },
  {
    check: 'refuses 501 records',
    server: 'kinesis-local',
    does: /^it was accepted$/,
    right: 'the check: "Each PutRecords request can support up to 500 records" (API reference)',
  },
  {
    check: 'refuses an iterator that is none',
    server: 'kinesis-local',
    does: /UnknownError/,
    right:
      'the check: InvalidArgumentException is among the errors of GetRecords (API reference); here it is a 500 without a code',
  },
  {
    check: 'throttles a shard that takes more than 1,000 records a second',
    server: 'kinesis-local',
    does: /^false in place of true$/,
    right: noThrottle,
  },
  {
    check: 'throttles a shard that takes more than 1,000 records a second',
    server: 'kinesalite',
    does: /^false in place of true$/,
    right: noThrottle,
  },
  {
    check: 'closes a shard that is split: it ends, and names its children',
    server: 'kinesalite',
    does: /^undefined in place of/,
    right:
      'the check: ChildShards are "only returned when the end of the current shard is reached" (API reference); this server is older',
  },
  {
    check: 'lists shards in pages',
    server: 'kinesalite',
    does: /NextToken/,
    right:
      'the check: "You cannot specify this parameter [StreamName] if you specify the NextToken" (API reference); here the token alone is refused',
  },
  {
    check: 'lists open shards alone for AT_LATEST',
    server: 'kinesalite',
    does: /^3 in place of 2$/,
    right: 'the check: ShardFilter of the API reference; this server is older',
  },
  {
    check: 'changes the number of shards',
    server: 'kinesalite',
    does: /./,
    right: 'the check: UpdateShardCount of the API reference; this server is older',
  },
  {
    check: 'goes to a number of shards that is no multiple by splits and merges',
    server: 'kinesalite',
    does: /UnknownError/,
    right: 'the check: UpdateShardCount of the API reference; this server is older',
  },
  {
    check: 'registers a consumer',
    server: 'kinesalite',
    does: /UnknownError/,
    right: 'the check: RegisterStreamConsumer of the API reference; this server is older',
  },
  {
    check: 'refuses a record of more than 1 MiB',
    server: 'moto',
    does: /^it was accepted$/,
    right: 'the check: a record is at most MaxRecordSizeInKiB of its stream, 1,024 at first (API reference)',
  },
  {
    check: 'refuses a Limit of more than 10,000',
    server: 'moto',
    does: /^it was accepted$/,
    right: 'the check: Limit has a maximum value of 10000 (API reference)',
  },
  {
    check: 'closes a shard that is split: it ends, and names its children',
    server: 'moto',
    does: /in place of null/,
    right: 'the check: NextShardIterator of a closed shard becomes null (API reference); here it never ends',
  },
  {
    check: 'lists shards in pages',
    server: 'moto',
    does: /inconsistent/,
    right: 'the check: the token is given alone (API reference); here it is refused',
  },
  {
    check: 'lists open shards alone for AT_LATEST',
    server: 'moto',
    does: /in place of 2/,
    right: 'the check: ShardFilter of the API reference; here it is ignored',
  },
  {
    check: 'refuses an iterator that is none',
    server: 'moto',
    does: /./,
    right: 'the check: InvalidArgumentException (API reference); here it is a page of HTML',
  },
  {
    check: 'throttles a shard that takes more than 1,000 records a second',
    server: 'moto',
    does: /^false in place of true$/,
    right: noThrottle,
  },
  {
    check: 'changes shards once at a time',
    server: 'moto',
    does: /^it was accepted$/,
    right:
      'the check: a stream that is not ACTIVE gives a ResourceInUseException (SplitShard, API reference); this server splits at once',
  },
  {
    check: 'takes no records before it is created',
    server: 'moto',
    does: /^it was accepted$/,
    right:
      'the check: records go to streams that are ACTIVE (CreateStream, API reference); this server creates at once',
  },
]
