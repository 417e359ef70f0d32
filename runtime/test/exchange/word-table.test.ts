import { ByteWriter } from '@millrace/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FrameReader } from '../../src/exchange/frame-reader.ts'
import { readWords, WordTable } from '../../src/exchange/word-table.ts'
import { runs, words } from './support/values.ts'

const written = (column: readonly (string | number | bigint | boolean)[]): Uint8Array => {
  const table = new WordTable()
  for (const word of column) table.add(word)
  const out = new ByteWriter(1)
  table.write(out)
  return out.take()
}

test('words come back as they were, with their types', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(words, fc.constantFrom<(string | number | bigint)[]>('1', 1, 1n, 0, -0))),
      (column) => {
        const from = new FrameReader(written(column))
        expect(readWords(from, column.length)).toStrictEqual(column)
        expect(from.left).toBe(0)
      },
    ),
    runs(500),
  )
})

test('a word that comes again takes a byte, and none where all are the same', () => {
  expect(written(Array.from({ length: 1_000 }, () => 'shardId-000000000001')).length).toBe(23)
  expect(written(Array.from({ length: 1_000 }, (_, i) => `page-${i % 10}`)).length).toBe(1_000 + 81)
})

test('a row with a word that is not there is an error, not another word', () => {
  const bytes = written(['a', 'b', 'a'])
  bytes[bytes.length - 1] = 2
  expect(() => readWords(new FrameReader(bytes), 3)).toThrow('a key that it does not have')
})
