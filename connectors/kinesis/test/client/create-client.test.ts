import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { GetRecordsCommand } from '@aws-sdk/client-kinesis'
import { expect, test } from 'vitest'
import { createClient } from '../../src/client/create-client.ts'
import { classOf } from '../../src/client/error-class.ts'
import { rawAnswer } from '../../src/client/raw-answer.ts'

test.each(['headers', 'half of the body'])(
  'a call whose answer stalls behind %s fails, and is tried again',
  async (part) => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
      if (part === 'headers') response.flushHeaders()
      else response.write('{"Records":[')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
    const client = createClient({ endpoint, region: 'us-east-1', credentials }, 200)
    const command = (): GetRecordsCommand => new GetRecordsCommand({ ShardIterator: 'i' })
    for (const call of [rawAnswer(client, command(), {}), client.send(command())]) {
      const error = await call.catch((cause: unknown) => cause)
      expect(error).toBeInstanceOf(Error)
      expect(classOf(error)).toBe('transient')
    }
    client.destroy()
    server.closeAllConnections()
    server.close()
  },
)
