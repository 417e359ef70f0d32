import { expect, test } from 'vitest'
import { compileProcessing } from '../../src/agent/processing.ts'

const made = (option: object, record: string): unknown => {
  const text = compileProcessing([option], 'options')?.(record) ?? ''
  return text.startsWith('{"') ? JSON.parse(text) : text
}

test('SINGLELINE joins lines without their blanks', () => {
  const record = '{\n   "a": 1,\n   "b": 2\n}'
  expect(compileProcessing([{ optionName: 'SINGLELINE' }], 'o')?.(record)).toBe('{"a": 1,"b": 2}')
  expect(made({ optionName: 'SINGLELINE', parseOptions: ['NO_TRIM', 'ESCAPE_NEW_LINE'] }, 'a\n  b')).toBe('a\\n  b')
})

test('CSVTOJSON names columns, and has null for those that are missing', () => {
  const option = { optionName: 'CSVTOJSON', customFieldNames: ['a', 'b', 'c'] }
  expect(made(option, '1,x y,')).toEqual({ a: '1', b: 'x y', c: null })
  expect(made({ ...option, delimiter: '\\t' }, '1\t2\t3')).toEqual({ a: '1', b: '2', c: '3' })
  // groups of the delimiter are no columns
  expect(made({ ...option, delimiter: '\\s*(,|;)\\s*' }, '1, 2; 3')).toEqual({ a: '1', b: '2', c: '3' })
  expect(made({ ...option, delimiter: 'x*' }, 'abc')).toEqual({ a: 'a', b: 'b', c: 'c' })
  expect(compileProcessing([{ ...option, jsonFormat: 'PRETTYPRINT' }], 'o')?.('1')).toMatch(/^\{\n/)
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
  expect(JSON.parse(compileProcessing(steps, 'o')?.('a\nb') ?? '')).toEqual({ metadata: { app: 'x' }, data: 'ab' })
  expect(made({ optionName: 'ADDBRACKETS' }, 'hello there')).toBe('{hello there}')
})

test.each([
  [[{ optionName: 'CSV' }], /o\[0\]\.optionName: 'CSV' is not possible/],
  [[{ optionName: 'ADDEC2METADATA' }], /identity of the instance/],
  [[{ optionName: 'CSVTOJSON' }], /o\[0\]\.customFieldNames: must be a list/],
  [[{ optionName: 'LOGTOJSON', logFormat: 'NGINX' }], /'NGINX' is none of COMMONAPACHELOG/],
  [[{ optionName: 'LOGTOJSON', logFormat: 'SYSLOG', customFieldNames: ['a'] }], /names 1 fields of 5 groups/],
])('refuses %j', (options, message) => {
  expect(() => compileProcessing(options, 'o')).toThrow(message)
})
