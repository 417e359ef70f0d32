import { expect, test } from 'vitest'
import { RecordKeys } from '../../src/writing/record-key.ts'

test('keys are checked, and come again as they were', () => {
  const keys = new RecordKeys('s')
  expect(keys.of('ä"\n')).toMatchObject({
    partitionKey: 'ä"\n',
    bytes: 4,
    json: '"PartitionKey":"ä\\"\\n"',
    isAscii: false,
  })
  expect(keys.of('a')).toBe(keys.of('a'))
  expect(keys.of('a', '5')).toMatchObject({
    hash: '5'.padStart(32, '0'),
    json: '"PartitionKey":"a","ExplicitHashKey":"5"',
  })
  expect(() => keys.of('')).toThrow(/partition key ""; give a text of 1 to 256 characters/)
  expect(() => keys.of(5n)).toThrow(/partition key of type bigint; give a text/)
  expect(() => keys.of('😀'.repeat(257))).toThrow(/has 257 characters/)
  expect(keys.of('😀'.repeat(256)).bytes).toBe(1_024)
  expect(() => keys.of('a\ud800')).toThrow(/is no text/)
  expect(() => keys.of('a', '1.5')).toThrow(/hash key 1.5 is not from 0 to/)
})
