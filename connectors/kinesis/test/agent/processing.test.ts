import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { jumpingClock } from '../support/jumping-clock.ts'
import { compileProcessing } from '../../src/agent/processing.ts'

const made = (option: object, record: string): unknown => {
  const text = compileProcessing([option], 'options')?.convert(record) ?? ''
  return text.startsWith('{"') ? JSON.parse(text) : text
}

test('SINGLELINE joins lines without their blanks', () => {
  const record = '{\n   "a": 1,\n   "b": 2\n}'
  expect(compileProcessing([{ optionName: 'SINGLELINE' }], 'o')?.convert(record)).toBe('{"a": 1,"b": 2}')
  expect(made({ optionName: 'SINGLELINE', parseOptions: ['NO_TRIM', 'ESCAPE_NEW_LINE'] }, 'a\n  b')).toBe('a\\n  b')
})

test('CSVTOJSON names columns, and has null for those that are missing', () => {
  const option = { optionName: 'CSVTOJSON', customFieldNames: ['a', 'b', 'c'] }
  expect(made(option, '1,x y,')).toEqual({ a: '1', b: 'x y', c: null })
  expect(made({ ...option, delimiter: '\\t' }, '1\t2\t3')).toEqual({ a: '1', b: '2', c: '3' })
  // groups of the delimiter are no columns
  expect(made({ ...option, delimiter: '\\s*(,|;)\\s*' }, '1, 2; 3')).toEqual({ a: '1', b: '2', c: '3' })
  expect(made({ ...option, delimiter: 'x*' }, 'abc')).toEqual({ a: 'a', b: 'b', c: 'c' })
  expect(compileProcessing([{ ...option, jsonFormat: 'PRETTYPRINT' }], 'o')?.convert('1')).toMatch(/^\{\n/)
})

test.each([
  [
    'COMMONAPACHELOG',
    '64.242.88.10 - - [07/Mar/2004:16:10:02 -0800] "GET /mailman/listinfo/hsdivision HTTP/1.1" 200 6291',
    {
      host: '64.242.88.10',
      ident: null,
      authuser: null,
      datetime: '07/Mar/2004:16:10:02 -0800',
      request: 'GET /mailman/listinfo/hsdivision HTTP/1.1',
      response: '200',
      bytes: '6291',
    },
  ],
  [
    'COMBINEDAPACHELOG',
    '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 304 - "-" "Mozilla/4.08 [en]"',
    {
      host: '127.0.0.1',
      ident: null,
      authuser: 'frank',
      datetime: '10/Oct/2000:13:55:36 -0700',
      request: 'GET /a.gif HTTP/1.0',
      response: '304',
      bytes: null,
      referer: null,
      agent: 'Mozilla/4.08 [en]',
    },
  ],
  [
    'APACHEERRORLOG',
    '[Wed Oct 11 14:32:52 2000] [core:error] [pid 35708:tid 4328636416] [client 72.15.99.187] File does not exist',
    {
      timestamp: 'Wed Oct 11 14:32:52 2000',
      module: 'core',
      severity: 'error',
      processid: '35708',
      threadid: '4328636416',
      client: '72.15.99.187',
      message: 'File does not exist',
    },
  ],
  [
    'SYSLOG',
    'Mar 12 12:00:08 server2 rcd[308]: Loaded 12 packages',
    {
      timestamp: 'Mar 12 12:00:08',
      hostname: 'server2',
      program: 'rcd',
      processid: '308',
      message: 'Loaded 12 packages',
    },
  ],
  [
    'RFC3339SYSLOG',
    '2026-01-02T03:04:05.6Z host-1 cron: ran - fine',
    {
      timestamp: '2026-01-02T03:04:05.6Z',
      hostname: 'host-1',
      program: 'cron',
      processid: null,
      message: 'ran - fine',
    },
  ],
])('LOGTOJSON reads %s', (logFormat, line, fields) => {
  expect(made({ optionName: 'LOGTOJSON', logFormat }, line)).toEqual(fields)
})

test('LOGTOJSON takes a pattern of its own, and other names', () => {
  const own = {
    optionName: 'LOGTOJSON',
    logFormat: 'COMMONAPACHELOG',
    matchPattern: '(\\d+) (.*)',
    customFieldNames: ['n', 'rest'],
  }
  expect(made(own, '12 a b')).toEqual({ n: '12', rest: 'a b' })
  expect(() => made(own, 'x 12 a b')).toThrow(/does not match/)
})

test('the time is added where it is asked for, as text as the Agent has it', () => {
  const option = { optionName: 'ADDMETADATA', metadata: {} }
  expect(made({ ...option, timestamp: 'true' }, 'a')).toHaveProperty('ts')
  expect(made({ ...option, timestamp: 'false' }, 'a')).not.toHaveProperty('ts')
})

test('metadata go around a record, and steps follow each other', () => {
  const steps = [{ optionName: 'SINGLELINE' }, { optionName: 'ADDMETADATA', metadata: { app: 'x' } }]
  expect(JSON.parse(compileProcessing(steps, 'o')?.convert('a\nb') ?? '')).toEqual({
    metadata: { app: 'x' },
    data: 'ab',
  })
  expect(made({ optionName: 'ADDBRACKETS' }, 'hello there')).toBe('{hello there}')
})

/** An instance metadata service of version 2. */
async function serveMetadata(pages: Record<string, string>) {
  const asked: string[] = []
  const server = createServer(({ method, url = '', headers }, response) => {
    asked.push(url)
    const isToken = method === 'PUT' && url === '/latest/api/token'
    if (isToken) return response.end('token')
    const page = headers['x-aws-ec2-metadata-token'] === 'token' ? pages[url] : undefined
    return response.writeHead(page === undefined ? 404 : 200).end(page)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  onTestFinished(() => {
    vi.unstubAllEnvs()
    server.close()
  })
  return asked
}

const ofInstance = {
  privateIp: '10.0.0.1',
  availabilityZone: 'eu-west-1a',
  instanceId: 'i-1',
  instanceType: 't3.micro',
  accountId: '1',
  imageId: 'ami-1',
  region: 'eu-west-1',
  architecture: 'x86_64',
}

test('ADDEC2METADATA adds what the instance is, and its tags, and asks again once that is old', async () => {
  const pages = {
    '/latest/dynamic/instance-identity/document': JSON.stringify(ofInstance),
    '/latest/meta-data/tags/instance': 'Name\nCost Center',
    '/latest/meta-data/tags/instance/Name': 'web',
    '/latest/meta-data/tags/instance/Cost%20Center': '7',
  }
  const asked = await serveMetadata(pages)
  const { convert, prepare } = compileProcessing([{ optionName: 'ADDEC2METADATA', metadataTTL: 60 }], 'o') ?? {}
  await prepare?.()
  const { architecture: _, imageId: amiId, ...rest } = ofInstance
  const metadataTimestamp = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$/) as string
  const metadata = { ...rest, amiId, metadataTimestamp, tags: { name: 'web', 'cost center': '7' } }
  expect(JSON.parse(convert?.('{"a":1,"region":"x"}') ?? '')).toEqual({ a: 1, ...metadata })
  expect(() => convert?.('no JSON')).toThrow(/JSON/)
  expect(() => convert?.('[1]')).toThrow(/no JSON object/)
  const before = asked.length
  using elapsed = jumpingClock()
  convert?.('{}')
  expect(asked.length).toBe(before)
  elapsed.jump(61_000)
  convert?.('{}')
  await vi.waitFor(() => expect(asked.length).toBe(2 * before))
})

test('ADDEC2METADATA leaves records as they are where there is no metadata, and says so', async () => {
  await serveMetadata({})
  const told = once(process, 'warning') as Promise<[Error]>
  const { convert, prepare } = compileProcessing([{ optionName: 'ADDEC2METADATA' }], 'o') ?? {}
  await prepare?.()
  expect(convert?.('a line')).toBe('a line')
  expect((await told)[0].message).toMatch(
    /metadata of the EC2 instance is not to be had: .*document: 404 Not Found; records go without it/,
  )
})

test.each([
  [[{ optionName: 'CSV' }], /o\[0\]\.optionName: 'CSV' is not possible/],
  [[{ optionName: 'USINGPLUGGIN' }], /names a class of Java/],
  [[{ optionName: 'SINGLELINE', parseOptions: ['NOTRIM'] }], /parseOptions: 'NOTRIM' is none of/],
  [[{ optionName: 'ADDMETADATA', metadata: [1] }], /metadata: must be an object/],
  [[{ optionName: 'ADDMETADATA', metadata: {}, timestamp: 'yes' }], /timestamp: "yes" is neither true nor false/],
  [[{ optionName: 'ADDEC2METADATA', metadataTTL: 'x' }], /metadataTTL: 'x' is no number of seconds/],
  [[{ optionName: 'CSVTOJSON' }], /o\[0\]\.customFieldNames: must be a list/],
  [[{ optionName: 'LOGTOJSON', logFormat: 'NGINX' }], /'NGINX' is none of COMMONAPACHELOG/],
  [[{ optionName: 'LOGTOJSON', logFormat: 'SYSLOG', customFieldNames: ['a'] }], /names 1 fields of 5 groups/],
])('refuses %j', (options, message) => {
  expect(() => compileProcessing(options, 'o')).toThrow(message)
})
