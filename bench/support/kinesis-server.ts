// A stand-in for Kinesis in a process of its own: node kinesis-server.ts <shards> <records a shard> <bytes a record>
import { startKinesis } from '@millrace/kinesis/testing'

const [shards = 1, records = 0, bytes = 200] = process.argv.slice(2).map(Number)
/** What is older than the retention goes: a day is let pass for it. */
let passedMs = 0
const clock = { now: () => Date.now() + passedMs }
const server = await startKinesis({ clock, limits: false, mostBytes: 2 ** 32 })
const stream = server.create('bench', shards)
for (let i = 0; i < records; i++) {
  const text = `{"id":${i},"at":${1.7e12 + i},"page":"/page/${i % 100}","pad":"`
  stream.put(`user-${i % 1_000}`, `${text}${'x'.repeat(Math.max(0, bytes - text.length - 2))}"}`)
}
process.on('disconnect', () => process.exit())
process.on('message', () => {
  passedMs += 25 * 3_600_000
  server.stream('bench').records(stream.shards[0] ?? '') // whoever looks at it lets it forget
  process.send?.({ isEmpty: true })
})
process.send?.({ endpoint: server.endpoint })
