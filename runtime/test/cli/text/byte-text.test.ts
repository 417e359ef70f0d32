import { expect, test } from 'vitest'
import { asText, hexDump } from '../../../src/cli/text/byte-text.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

test('takes for text what is text', () => {
  expect(asText(encode('Grüße\t1\n'))).toBe('Grüße\t1\n')
  expect(asText(encode(''))).toBe('')
  expect(asText(encode('\x1b[2J'))).toBeUndefined()
  expect(asText(new Uint8Array([0xff, 0x00]))).toBeUndefined()
})

test('dumps bytes sixteen a line', () => {
  expect(hexDump(encode('0123456789abcdef\x00é'))).toBe(
    [
      '00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef',
      '00000010  00 c3 a9                                         ...',
    ].join('\n'),
  )
})
