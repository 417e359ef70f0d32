import { describe, expect, test } from 'vitest'
import { Interner } from '../../../src/codecs/json/interner.ts'

/** An interner, and how often it had to make a text. */
function interning(): { text: (value: string) => string; made: () => number } {
  let bytes = Buffer.alloc(0)
  let made = 0
  const interner = new Interner((start, end) => {
    made++
    return bytes.toString('latin1', start, end)
  })
  const text = (value: string): string => {
    bytes = Buffer.from(`..${value}..`, 'latin1')
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const found = interner.text(bytes, view, 2, bytes.length - 2, true)
    if (found !== value) throw new Error(`${found} for ${value}`)
    return found
  }
  return { text, made: () => made }
}

describe('interning', () => {
  test('makes a text once, of any length', () => {
    const { text, made } = interning()
    const texts = Array.from({ length: 65 }, (_, length) => 'abcdefgh'.repeat(9).slice(0, length))
    for (const value of [...texts, ...texts]) expect(text(value)).toBe(value)
    expect(made()).toBe(65)
  })

  test('tells texts apart that differ in one byte', () => {
    const { text } = interning()
    for (let length = 1; length <= 20; length++) {
      for (let i = 0; i < length; i++) {
        const value = `${'a'.repeat(i)}b${'a'.repeat(length - i - 1)}`
        expect(text(value)).toBe(value)
        expect(text('a'.repeat(length))).toBe('a'.repeat(length))
        expect(text(value)).toBe(value)
      }
    }
  })

  test('holds a thousand texts and more without making them again', () => {
    const { text, made } = interning()
    for (let round = 0; round < 5; round++) for (let i = 0; i < 3_000; i++) text(`/page/${i}`)
    expect(made()).toBeLessThan(3_000 * 1.1)
  })

  test('stops looking where texts do not repeat, and looks again later', () => {
    const { text, made } = interning()
    for (let i = 0; i < 50_000; i++) text(`id-${i}`)
    expect(made()).toBe(50_000)
    for (let i = 0; i < 200_000; i++) text(`page ${i % 10}`)
    expect(made()).toBeLessThan(50_000 + 100_000)
  })

  test('is bounded: what is used now is kept, whatever came before', () => {
    const { text, made } = interning()
    for (let i = 0; i < 4_000; i++) text(`old ${i}`)
    for (let i = 0; i < 4_000; i++) text(`new ${i}`)
    const before = made()
    for (let round = 0; round < 60; round++) for (let i = 0; i < 3_000; i++) text(`new ${i}`)
    expect(made() - before).toBeLessThan(80_000)
  })
})
