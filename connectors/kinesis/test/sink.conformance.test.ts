import { int, json } from '@millrace/core'
import { sinkConformance } from '@millrace/core/testing'
import { decodeAggregate, kinesisSink, type KinesisSinkOptions } from '@millrace/kinesis'
import { type KinesisStandIn, startKinesis } from '@millrace/kinesis/testing'
import { describe, expect, test } from 'vitest'

interface Row {
  readonly n: number
}

const variants: { name: string; options: Partial<KinesisSinkOptions<Row>> }[] = [
  { name: 'a stream', options: {} },
  { name: 'a stream in order', options: { order: 'key', partitionKey: ({ n }) => `k${n % 3}` } },
  { name: 'a stream of aggregates', options: { aggregate: true } },
]

for (const { name, options } of variants)
  describe(`${name}`, () => {
    sinkConformance<Row>({
      test,
      expect,
      guarantee: 'at-least-once',
      create: async () => {
        const server = await startKinesis()
        server.create('out', 3)
        const common = { encode: json({ n: int() }), linger: '5ms', ...options } as const
        return {
          sink: kinesisSink({ stream: 'out', ...common, ...server.clientOptions }),
          record: (n) => ({ n }),
          unwritable: { n: Number.NaN },
          visible: async () => numbersIn(server),
          unreachable: kinesisSink({ stream: 'nowhere', ...common, ...server.clientOptions }),
          close: () => server.stop(),
        }
      },
    })
  })

function numbersIn(server: KinesisStandIn): number[] {
  const stream = server.stream('out')
  const all = stream.shards.flatMap((shard) => stream.records(shard))
  const data = all.flatMap((record) => decodeAggregate(record.data)?.map((member) => member.data) ?? [record.data])
  return data.map((bytes) => (JSON.parse(Buffer.from(bytes).toString()) as Row).n)
}
