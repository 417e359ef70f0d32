import { describe, expect, test } from 'vitest'
import { byteText, portableText, type ByteText } from '../../src/state/byte-text.ts'

const utf8 = new TextEncoder()
const forms: readonly (readonly [string, (bytes: Uint8Array) => ByteText])[] = [
  ['the fastest way', byteText],
  ['TextDecoder', portableText],
]

describe.each(forms)('text by %s', (_, textOf) => {
  test.each(['', 'a', 'Zoë', '日本', '😀', '\ufeffa', '\ufffd', 'a\u0000b'])('is %j where its bytes are', (text) => {
    const bytes = utf8.encode(`é${text}é`)
    expect(textOf(bytes).utf8(2, bytes.length - 2)).toBe(text)
  })

  test('is cut out of a part of memory', () => {
    const bytes = utf8.encode('0123456789').subarray(2, 8)
    expect(textOf(bytes).ascii(1, 3)).toBe('34')
    expect(textOf(bytes).utf8(1, 3)).toBe('34')
  })

  test.each([[[0xff]], [[0xc3]], [[0xed, 0xa0, 0x80]], [[0xef, 0xbf, 0xbd, 0xff]]])('is refused for %j', (bytes) => {
    expect(() => textOf(Uint8Array.from(bytes)).utf8(0, bytes.length)).toThrow(TypeError)
  })
})
