import { describe, expect, expectTypeOf, test } from 'vitest'
import fc from 'fast-check'
import { accessLog } from '../../src/codecs/access-log.ts'
import type { AccessLogFields } from '../../src/codecs/access-log/pattern.ts'
import type { AccessLogLayout, AccessLogRecord } from '../../src/codecs/access-log/record.ts'
import { ByteWriter } from '../../src/connector/byte-writer.ts'
import type { Codec } from '../../src/connector/codec.ts'
import { codecConformance } from '../../src/testing/codec-conformance.ts'
import { readByPattern } from './access-log/oracle.ts'

const toUtf8 = new TextEncoder()

/** What a codec makes of each line: the record, or the message of its refusal. */
function decodeLines<T>(codec: Codec<T>, lines: readonly (string | Uint8Array)[]): (T | string)[] {
  const out = new ByteWriter()
  const ends: number[] = []
  for (const line of lines) {
    out.bytes(typeof line === 'string' ? toUtf8.encode(line) : line)
    ends.push(out.length)
  }
  const starts = Uint32Array.from([0, ...ends.slice(0, -1)])
  const slab = { bytes: out.take(), starts, ends: Uint32Array.from(ends), length: lines.length }
  const results: (T | string)[] = lines.map(() => '')
  const values: unknown[] = []
  const rows = new Int32Array(lines.length)
  const refuse = (row: number, error: unknown): void => void (results[row] = (error as Error).message)
  const count = codec.decoder().decode(slab, 0, lines.length, values, rows, refuse)
  for (let i = 0; i < count; i++) results[rows[i]!] = values[i] as T
  return results
}

const decode = <T>(codec: Codec<T>, line: string | Uint8Array): T | string => decodeLines(codec, [line])[0]!

function encode<T>(codec: Codec<T>, record: T): string {
  const out = new ByteWriter()
  codec.encoder().encode(record, out)
  return new TextDecoder().decode(out.view())
}

const line =
  '203.0.113.9 - ada [25/Nov/2026:21:03:07 +0130] "GET /a?b=c HTTP/1.1" 200 1234 "https://example.com/" "Mozilla/5.0 (X11)"'

const record: AccessLogRecord = {
  host: '203.0.113.9',
  user: 'ada',
  at: Date.UTC(2026, 10, 25, 19, 33, 7),
  method: 'GET',
  path: '/a?b=c',
  protocol: 'HTTP/1.1',
  status: 200,
  bytes: 1234,
  referer: 'https://example.com/',
  agent: 'Mozilla/5.0 (X11)',
}

test('reads a line of the combined format', () => {
  expect(decode(accessLog(), line)).toEqual(record)
})

test('reads a line of the common format, and no other as such', () => {
  const common = line.slice(0, line.indexOf(' "https'))
  const { referer: _, agent: __, ...rest } = record
  expect(decode(accessLog({ format: 'common' }), common)).toEqual(rest)
  expect(decode(accessLog({ format: 'common' }), line)).toMatch(/not a line of the common format: more than/)
  expect(decode(accessLog(), common)).toMatch(/no referer in quotes/)
})

test('reads what nginx adds behind the agent, and passes it', () => {
  expect(decode(accessLog({ format: 'nginx' }), `${line} "-"`)).toEqual(record)
  expect(decode(accessLog(), `${line} "-"`)).toMatch(/more than there should be/)
})

test('takes - for what is absent', () => {
  const read = decode(accessLog(), '::1 - - [25/Nov/2026:21:03:07 +0000] "-" 408 - "-" "-"') as AccessLogRecord
  expect(read).toEqual({
    ...record,
    host: '::1',
    user: undefined,
    at: Date.UTC(2026, 10, 25, 21, 3, 7),
    method: '',
    path: '',
    protocol: '',
    status: 408,
    bytes: 0,
    referer: undefined,
    agent: undefined,
  })
})

const requests: [request: string, method: string, path: string, protocol: string][] = [
  ['GET / HTTP/1.0', 'GET', '/', 'HTTP/1.0'],
  ['GET /old', 'GET', '/old', ''],
  ['GET /with a space HTTP/1.1', 'GET', '/with a space', 'HTTP/1.1'],
  ['M-SEARCH * HTTP/1.1', 'M-SEARCH', '*', 'HTTP/1.1'],
  ['\\x16\\x03\\x01', '', '\x16\x03\x01', ''],
  ['get / HTTP/1.1', '', 'get /', 'HTTP/1.1'],
  ['say \\"hi\\" \\\\ \\t\\xc3\\xa4 \\q \\x4', '', 'say "hi" \\ \tä \\q \\x4', ''],
  ['GET  HTTP/1.1', 'GET', '', 'HTTP/1.1'],
  ['GET', '', 'GET', ''],
  ['', '', '', ''],
]

test.for(requests)('takes apart the request "%s"', ([request, method, path, protocol]) => {
  expect(
    decode(
      accessLog(),
      line.replace('GET /a?b=c HTTP/1.1', () => request),
    ),
  ).toEqual({ ...record, method, path, protocol })
})

const broken = [
  '',
  'x',
  ' ',
  line.slice(0, -1),
  line.slice(0, 100),
  line.slice(1 + line.indexOf(' ')),
  line.replace('Nov', 'nov'),
  line.replace('25/', '31/'),
  line.replace('25/Nov', '29/Feb'),
  line.replace('21:03', '24:03'),
  line.replace('21:03', '21:60'),
  line.replace(':07', ':61'),
  line.replace('+0130', '+01300'),
  line.replace('+0130', '*0130'),
  line.replace('200', '20'),
  line.replace('200', '2000'),
  line.replace('200', 'OK'),
  line.replace('1234', ''),
  line.replace('1234', '1.5'),
  line.replace('1234', '1234567890123456'),
  line.replace(' [', '['),
  line.replace('] ', ']'),
  `${line} `,
  line.replace('HTTP/1.1"', 'HTTP/1.1'),
]

test.for(broken)('refuses %s', (bad) => {
  expect(decode(accessLog(), bad)).toMatch(/^not a line of the combined format: /)
  expect(readByPattern('combined', toUtf8.encode(bad))).toBe(undefined)
})

test('replaces what is not UTF-8', () => {
  const bytes = Uint8Array.from(line, (char) => (char === 'X' ? 0xff : char.charCodeAt(0)))
  expect(decode(accessLog(), bytes)).toEqual({ ...record, agent: 'Mozilla/5.0 (\ufffd11)' })
  expect(decode(accessLog(), line.replace('X11', '\\xe9'))).toEqual({ ...record, agent: 'Mozilla/5.0 (\ufffd)' })
})

test('writes a record as the line it came from', () => {
  expect(encode(accessLog(), record)).toBe(line.replace('21:03:07 +0130', '19:33:07 +0000'))
  expect(encode(accessLog({ format: 'common' }), record)).toBe(
    line.slice(0, line.indexOf(' "https')).replace('21:03:07 +0130', '19:33:07 +0000'),
  )
})

describe('a combined access log', () => {
  codecConformance<AccessLogRecord>({
    test,
    expect,
    create: () => accessLog(),
    samples: [
      record,
      { ...record, user: undefined, referer: undefined, agent: undefined, status: 0, bytes: 0 },
      { ...record, user: '-', referer: '-', agent: '"\\', path: '-' },
      { ...record, user: 'a [b] c', referer: '', agent: '', method: '' },
      { ...record, method: '', path: '', protocol: '' },
      { ...record, method: '', path: 'GET', protocol: 'HTTP/2.0' },
      { ...record, method: '', path: 'GET / HTTP/1.1', protocol: '' },
      { ...record, path: 'ü \n\u0000 x', agent: 'x'.repeat(500), host: 'hôte' },
      { ...record, at: 0 },
      { ...record, at: Date.UTC(2024, 1, 29, 23, 59, 59), protocol: '' },
    ],
    refused: broken,
    unwritable: [
      { ...record, host: '' },
      { ...record, host: 'a b' },
      { ...record, at: NaN },
      { ...record, at: 1e15 },
      { ...record, method: 'get' },
      { ...record, protocol: 'x y' },
      { ...record, status: 99.5 },
      { ...record, bytes: -1 },
    ],
  })
})

test('reads what a plain regular expression reads, in each format', () => {
  const word = fc.string({
    unit: fc.constantFrom('a', 'B', ' ', '-', '"', '\\', '[', ']', 'x4', 'ü', '1', '/', '\\"', '\\x41', 'HTTP/'),
    maxLength: 8,
  })
  const time = fc.oneof(
    fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((date) => {
      const iso = date.toISOString()
      const month = 'JanFebMarAprMayJunJulAugSepOctNovDec'.slice(date.getUTCMonth() * 3).slice(0, 3)
      return `${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} -0230`
    }),
    fc.constantFrom('30/Feb/2026:00:00:00 +0000', '01/Jan/2026:00:00:60 +0000', '1/Jan/2026:00:00:00 +0000', ''),
  )
  const status = fc.constantFrom('200', '404', '-', '', '9', 'x')
  const field = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('-', 'GET /x HTTP/1.1', 'curl') },
    { weight: 2, arbitrary: word },
  )
  const generated = fc
    .tuple(
      word,
      fc.constantFrom('-', 'i', ''),
      field,
      time,
      field,
      status,
      fc.constantFrom('0', '-', '12', ''),
      field,
      field,
      fc.constantFrom('', ' x', ' '),
    )
    .map(
      ([host, ident, user, at, request, code, bytes, referer, agent, rest]) =>
        `${host} ${ident} ${user} [${at}] "${request}" ${code} ${bytes} "${referer}" "${agent}"${rest}`,
    )
  const layouts: AccessLogLayout[] = ['combined', 'common', 'nginx']
  fc.assert(
    fc.property(
      fc.array(generated, { minLength: 1, maxLength: 20 }),
      fc.constantFrom(...layouts),
      fc.nat(60),
      (lines, format, cut) => {
        const all = [
          ...lines,
          ...lines.map((each) => each.slice(0, -cut)),
          ...lines.map((each) => each.split(' "').slice(0, 2).join(' "')),
        ]
        const expected = all.map((each) => readByPattern(format, toUtf8.encode(each)))
        const read = decodeLines(accessLog({ format }), all).map((each) =>
          typeof each === 'string' ? undefined : each,
        )
        expect(read).toEqual(expected)
      },
    ),
    { numRuns: 500 },
  )
})

test('writes whatever it reads so that it reads the same', () => {
  const text = fc.string({ unit: 'binary', maxLength: 30 }).filter((value) => !/\p{Surrogate}/u.test(value))
  const any = fc.record({
    host: fc.stringMatching(/^[a-z0-9.:]+$/),
    user: fc.option(text, { nil: undefined }),
    at: fc.integer({ min: 0, max: 4e9 }).map((seconds) => seconds * 1_000),
    method: fc.constantFrom('', 'GET', 'M-SEARCH'),
    path: fc.oneof(text, fc.constantFrom('-', 'GET', 'A B', ' HTTP/1.1')),
    protocol: fc.constantFrom('', 'HTTP/1.1', 'HTTP/'),
    status: fc.constantFrom(0, 200, 599),
    bytes: fc.nat(),
    referer: fc.option(text, { nil: undefined }),
    agent: fc.option(text, { nil: undefined }),
  })
  fc.assert(
    fc.property(any, (each) => {
      expect(decode(accessLog(), encode(accessLog(), each))).toEqual(each)
    }),
    { numRuns: 1_000 },
  )
})

describe('with a regular expression', () => {
  const format = /^(?<at>\S+ \S+) (?<status>\d+|-) (?<bytes>\S+) (?<zone>\S+)(?: (?<more>.*))?$/g

  test('gives a field for each named group', () => {
    expectTypeOf(accessLog({ format })).toEqualTypeOf<Codec<AccessLogFields>>()
    expectTypeOf(accessLog()).toEqualTypeOf<Codec<AccessLogRecord>>()
    const lines = ['25/Nov/2026:21:03:07 +0000 200 - eu', '25/Nov/2026:21:03:07 +0000 200 17 eu and more']
    expect(decodeLines(accessLog({ format }), lines)).toEqual([
      { at: Date.UTC(2026, 10, 25, 21, 3, 7), status: 200, bytes: 0, zone: 'eu', more: undefined },
      { at: Date.UTC(2026, 10, 25, 21, 3, 7), status: 200, bytes: 17, zone: 'eu', more: 'and more' },
    ])
  })

  test.for([
    ['2026-11-25T21:03:07.5Z', Date.UTC(2026, 10, 25, 21, 3, 7, 500)],
    ['2026-11-25T21:03:07+01:00', Date.UTC(2026, 10, 25, 20, 3, 7)],
    ['1795640587.250', 1795640587250],
  ] as const)('reads the time %s', ([text, time]) => {
    expect(decode(accessLog({ format: /^(?<time>.*)$/ }), text)).toEqual({ time })
  })

  test('refuses lines that do not match or hold no numbers and times', () => {
    const messages = decodeLines(accessLog({ format }), [
      'nothing',
      '25/Nov/2026:21:03:07 +0000 200 12x eu',
      'x y 200 1 eu',
    ])
    expect(messages).toEqual(
      ['it does not match', '`bytes` is "12x"', '`at` is "x y"'].map(
        (what) => `not a line of this access log: ${what}`,
      ),
    )
  })

  test('cannot be written, and needs named groups', () => {
    expect(() => encode(accessLog({ format }), {})).toThrow(/can only be read/)
    expect(() => accessLog({ format: /(.*)/ })).toThrow(/no named groups/)
    expect(() => accessLog({ format: 'apache' as 'nginx' })).toThrow(/"apache" is not combined/)
  })
})
