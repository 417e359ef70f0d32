import { Agent } from 'node:http'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import { startKinesis } from '@millrace/kinesis/testing'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OtherServer, startKinesalite, startKinesisLocal } from '../support/other-servers.ts'
import { checks } from './checks.ts'
import { differences } from './differences.ts'

const servers: Record<string, () => Promise<OtherServer>> = {
  'the stand-in': async () => {
    const server = await startKinesis({ transitionMs: 150 })
    return { endpoint: server.endpoint, stop: () => server.stop() }
  },
  'kinesis-local': startKinesisLocal,
  kinesalite: startKinesalite,
}

// 300 MB of Python: only where somebody has started one, as `moto_server -H 127.0.0.1 -p 5000`
const moto = process.env['MILLRACE_TEST_MOTO_URL']
if (moto !== undefined) servers['moto'] = async () => ({ endpoint: moto, stop: async () => undefined })

describe.each(Object.entries(servers))('%s', (server, start) => {
  let running: OtherServer
  let client: KinesisClient
  // a server that was there before may have some
  const prefix = `s${Date.now()}-`
  let streams = 0

  beforeAll(async () => {
    running = await start()
    client = new KinesisClient({
      endpoint: running.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
      requestHandler: new NodeHttpHandler({ httpAgent: new Agent({ keepAlive: true }) }),
    })
  })

  afterAll(async () => {
    client.destroy()
    await running.stop()
  })

  test.each(checks)('$name', async ({ name, run }) => {
    const problem = await run(client, `${prefix}${streams++}`).then(
      () => undefined,
      (error: unknown) => (error as Error).message,
    )
    const known = differences.find((each) => each.server === server && each.check === name)
    // one that has gone away is to be taken off the list
    if (known === undefined) expect(problem).toBeUndefined()
    else expect(problem).toMatch(known.does)
  })
})

test('the list of differences names checks and servers that there are', () => {
  for (const { check, server } of differences) {
    expect(checks.map(({ name }) => name)).toContain(check)
    expect([...Object.keys(servers), 'moto']).toContain(server)
  }
})
