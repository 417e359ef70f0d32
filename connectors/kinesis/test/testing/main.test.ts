import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createProducer } from '@millrace/kinesis'
import { expect, test } from 'vitest'

const bin = resolve(import.meta.dirname, '../../bin/millrace-standin.js')

const start = (...args: readonly string[]) =>
  spawn(process.execPath, [bin, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })

test('serves streams until it is ended', async () => {
  const child = start('kinesis', '--port', '0', '--stream', 'clicks:2')
  const [said] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
  const [endpoint = ''] = /^http:\/\/127\.0\.0\.1:\d+/.exec(said) ?? []
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  await using producer = createProducer({ stream: 'clicks', endpoint, region: 'us-east-1', credentials, linger: 0 })
  expect(await producer.put(new Uint8Array([1]))).toMatchObject({ attempts: 1 })
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test.each([
  [['s3'], /'s3': say what it stands in for/],
  [['kinesis', '--stream', 'a:0'], /--stream: 'a:0' is no <name>:<shards>/],
  [['kinesis', '--port', 'x'], /--port: 'x' is no port/],
])('refuses %j', async (args, message) => {
  const child = start(...args)
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  expect(await once(child, 'close')).toEqual([2, null])
  expect(said).toMatch(message)
})
