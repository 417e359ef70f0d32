import { describe, expect, test } from 'vitest'
import { lines } from '../../src/codecs/lines.ts'
import { codecConformance } from '../../src/testing/codec-conformance.ts'
import { recordOrMessage } from './json/support.ts'

describe('lines', () => {
  codecConformance({
    test,
    expect,
    create: lines,
    samples: ['GET /', '', ' ', 'Zoë 日本 😀', '\ufffd', '\ufeffa', 'a\r', 'x'.repeat(5_000), '\u0000'],
    refused: [Uint8Array.of(0xff), Uint8Array.of(0x61, 0xc3), Uint8Array.of(0xed, 0xa0, 0x80)],
    unwritable: [1, null, undefined, '\ud800', 'a\udc00b'],
  })

  test('says why it refuses', () => {
    expect(recordOrMessage(lines(), Uint8Array.of(0xff))).toBe('the record is not UTF-8')
  })
})
