import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { GetRecordsCommand, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { expect, test, vi } from 'vitest'
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
      expect(error).toMatchObject({ name: 'TimeoutError' })
      expect(classOf(error)).toBe('transient')
    }
    client.destroy()
    server.closeAllConnections()
    server.close()
  },
)

/** Reads a body in short breaks. */
async function readSlowly(request: IncomingMessage): Promise<void> {
  for await (const _ of request) await pause(1)
}

/** Leaves a body in the buffers of the system for a while: its connection is silent. */
async function readLater(request: IncomingMessage): Promise<void> {
  await pause(800)
  for await (const _ of request);
}

test.each([
  ['slowly', 20 * 1024 * 1024, readSlowly],
  ['through buffers of the system', 64 * 1024, readLater],
])(
  'a body that goes out %s has more time',
  async (_, bytes, read) => {
    const server = createServer((request, response) => {
      // one that was given up is cut
      read(request).then(
        () => response.end('{}'),
        () => undefined,
      )
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
    const client = createClient({ endpoint, region: 'us-east-1', credentials }, 200)
    const body = Buffer.alloc(bytes)
    const put = (options: object): Promise<Buffer> =>
      rawAnswer(client, new PutRecordsCommand({ StreamName: 's', Records: [] }), { body, ...options })
    await expect(put({})).rejects.toMatchObject({ name: 'TimeoutError' })
    expect((await put({ timeoutMs: 20_000 })).toString()).toBe('{}')
    client.destroy()
    server.closeAllConnections()
    server.close()
  },
  30_000,
)

test('takes on the role of another account, by what it has itself', async () => {
  const asked: URLSearchParams[] = []
  const sts = createServer((request, response) => {
    void text(request).then((body) => {
      asked.push(new URLSearchParams(body))
      response.setHeader('content-type', 'text/xml')
      response.end(`<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
        <AccessKeyId>ASSUMED</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>token</SessionToken>
        <Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`)
    })
  }).listen(0, '127.0.0.1')
  const seen: IncomingMessage['headers'][] = []
  const kinesis = createServer((request, response) => {
    seen.push(request.headers)
    response.end('{}')
  }).listen(0, '127.0.0.1')
  const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await Promise.all([once(sts, 'listening'), once(kinesis, 'listening')])
  vi.stubEnv('AWS_ENDPOINT_URL_STS', urlOf(sts))
  const credentials = { accessKeyId: 'OWN', secretAccessKey: 'b' }
  const role = { arn: 'arn:aws:iam::1:role/r', externalId: 'e', sessionName: 'n' }
  const client = createClient({ endpoint: urlOf(kinesis), region: 'us-east-1', credentials, role })
  for (let n = 0; n < 2; n++) await client.send(new GetRecordsCommand({ ShardIterator: 'i' }))
  vi.unstubAllEnvs()
  expect(asked.map((each) => Object.fromEntries(each))).toMatchObject([
    { Action: 'AssumeRole', RoleArn: role.arn, ExternalId: 'e', RoleSessionName: 'n' },
  ])
  expect(seen.map((headers) => headers['x-amz-security-token'])).toEqual(['token', 'token'])
  expect(seen[0]?.authorization).toMatch(/Credential=ASSUMED\//)
  client.destroy()
  sts.close()
  kinesis.close()
})
