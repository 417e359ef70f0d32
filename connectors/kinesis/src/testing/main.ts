// millrace-standin kinesis: a server for development, on 127.0.0.1.
import { parseArgs } from 'node:util'
import { startKinesis } from './start-kinesis.ts'

const usage = `millrace-standin kinesis [--port 4567] [--stream <name>:<shards>]… [--no-limits] [--region us-east-1]

A server on 127.0.0.1 that speaks the protocol of Kinesis Data Streams. It holds everything in memory, and ends with Ctrl-C.
`

try {
  await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  process.exitCode = 2
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    allowNegative: true,
    options: {
      port: { type: 'string', default: '4567' },
      stream: { type: 'string', multiple: true, default: [] },
      limits: { type: 'boolean', default: true },
      region: { type: 'string', default: 'us-east-1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return void process.stdout.write(usage)
  if (positionals.join() !== 'kinesis')
    throw new Error(`'${positionals.join(' ')}': say what it stands in for: kinesis`)
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port: '${values.port}' is no port`)
  const streams = values.stream.map(streamOf)
  const server = await startKinesis({ port, region: values.region, limits: values.limits })
  for (const { name, shards } of streams) server.create(name, shards)
  const { endpoint, clientOptions } = server
  const made =
    streams.length === 0 ? 'no streams yet' : streams.map(({ name, shards }) => `${name} (${shards} shards)`).join(', ')
  process.stdout.write(
    `${endpoint}: ${made}\nnew KinesisClient(${JSON.stringify(clientOptions)}), with a NodeHttpHandler; kinesis({ endpoint: '${endpoint}', … })\n`,
  )
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.stop())
}

function streamOf(text: string): { readonly name: string; readonly shards: number } {
  const [name = '', shards = '1'] = text.split(':')
  if (name === '' || !/^[1-9]\d{0,3}$/.test(shards)) throw new Error(`--stream: '${text}' is no <name>:<shards>`)
  return { name, shards: Number(shards) }
}
