import { decodeAggregate, encodeAggregate } from '@millrace/kinesis'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const vector =
  'f3899ac20a06757365722d310a06757365722d321a0908001a0568656c6c6f1a0908011a05776f726c641a0508001a0121cda4c4ee5d6f42eeb8e7a5426313f720'
const members = [
  { partitionKey: 'user-1', data: Buffer.from('hello') },
  { partitionKey: 'user-2', data: Buffer.from('world') },
  { partitionKey: 'user-1', data: Buffer.from('!') },
]

test('writes the bytes that the Kinesis Producer Library writes', () => {
  expect(encodeAggregate(members).toString('hex')).toBe(vector)
})

test('reads them', () => {
  const read = decodeAggregate(Buffer.from(vector, 'hex'))
  expect(read?.map(({ partitionKey, data }) => [partitionKey, Buffer.from(data).toString()])).toEqual([
    ['user-1', 'hello'],
    ['user-2', 'world'],
    ['user-1', '!'],
  ])
})

const anyMember = fc.record({
  partitionKey: fc.string({ unit: 'grapheme', maxLength: 20 }),
  explicitHashKey: fc.option(fc.bigInt(0n, 2n ** 128n - 1n).map(String), { nil: undefined }),
  data: fc.uint8Array({ maxLength: 300 }),
})

test('gives back what was put together', () => {
  fc.assert(
    fc.property(fc.array(anyMember, { minLength: 1, maxLength: 40 }), (given) => {
      const read = decodeAggregate(encodeAggregate(given))
      expect(read?.map((each) => ({ ...each, data: Uint8Array.from(each.data) }))).toEqual(given)
    }),
  )
})

test('what is damaged anywhere is one plain record', () => {
  const sound = Buffer.from(vector, 'hex')
  for (let i = 0; i < sound.length; i++)
    for (const bit of [1, 0x80]) {
      const damaged = Buffer.from(sound)
      damaged[i] = (damaged[i] ?? 0) ^ bit
      expect(decodeAggregate(damaged)).toBeUndefined()
    }
})

test('bytes that only look like an aggregate are one plain record', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      expect(decodeAggregate(Buffer.concat([Buffer.from('f3899ac2', 'hex'), bytes]))).toBeUndefined()
    }),
  )
})
