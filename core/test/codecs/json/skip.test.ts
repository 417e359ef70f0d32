import fc from 'fast-check'
import { expect, test } from 'vitest'
import { skipValue } from '../../../src/codecs/json/skip.ts'
import { jsonText, mutated } from './arbitrary.ts'
import { bytesOf } from './support.ts'

const effort = Number(process.env['MILLRACE_FUZZ'] ?? 1)
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(strict.decode(bytes))
    return true
  } catch {
    return false
  }
}

function skips(bytes: Uint8Array): boolean {
  // Around it stands what would make it another value.
  const around = Uint8Array.of(0x31, ...bytes, 0x31, 0x22, 0x7d)
  const view = new DataView(around.buffer)
  return skipValue(around, view, 1, bytes.length + 1) === bytes.length + 1
}

/** JSON may have white space around it, a value has none. */
const startsAndEnds = (bytes: Uint8Array): boolean =>
  ![0x20, 0x09, 0x0a, 0x0d].some((blank) => blank === bytes[0] || blank === bytes.at(-1))

test(
  'what is skipped is what JSON.parse takes',
  () => {
    const texts = jsonText.map(bytesOf)
    const bytes = fc.oneof(texts, texts.chain(mutated), fc.uint8Array({ maxLength: 12 })).filter(startsAndEnds)
    fc.assert(
      fc.property(bytes, (value) => skips(value) === isJson(value)),
      { numRuns: 2000 * effort },
    )
  },
  30_000 * effort,
)

test('what is nested too deep is left to JSON.parse', () => {
  const nested = (depth: number): Uint8Array => bytesOf('['.repeat(depth) + ']'.repeat(depth))
  expect(skips(nested(64))).toBe(true)
  expect(skips(nested(65))).toBe(false)
})
