// A stand-in for Kinesis in a process of its own: node kinesis-server.ts <shards> <records a shard> <bytes a record>
import { startKinesis } from '@millrace/kinesis/testing'

const [shards = 1, records = 0, bytes = 200] = process.argv.slice(2).map(Number)
const server = await startKinesis({ limits: false, mostBytes: 2 ** 32 })
const stream = server.create('bench', shards)
for (let i = 0; i < records; i++) {
  const text = `{"id":${i},"at":${1.7e12 + i},"page":"/page/${i % 100}","pad":"`
  stream.put(`user-${i % 1_000}`, `${text}${'x'.repeat(Math.max(0, bytes - text.length - 2))}"}`)
}
process.on('disconnect', () => process.exit())
process.send?.({ endpoint: server.endpoint })
