import { expect, test } from 'vitest'
import { javaRegex } from '../../src/agent/java-regex.ts'

test('flags at the start are flags', () => {
  expect(javaRegex('(?is)error.x', 'p')).toEqual(/error.x/is)
  expect(javaRegex('^\\d{4}-', 'p')).toEqual(/^\d{4}-/)
  expect(javaRegex('[a\\[b]+', 'p').test('[')).toBe(true)
  // none that is a class
  expect(javaRegex('\\[a&&b', 'p').test('[a&&b')).toBe(true)
  // a backslash before a letter that is itself escaped
  expect(javaRegex('C:\\\\Apps', 'p').test('C:\\Apps')).toBe(true)
})

test.each([
  '\\p{Alpha}+',
  '\\Qa.b\\E',
  '\\Aa',
  'a\\z',
  'a\\h',
  '[a-z&&[^b]]',
  '[a-z&&def]',
  '([a-z[0-9]]+)',
  '([]a]+)',
  '[^]a]',
  'a\\vb',
  '\\0101',
  '[\\]&&a]',
  'a++',
  '(',
  '',
  5,
])('refuses %s', (value) => {
  expect(() => javaRegex(value, 'flows[0].multiLineStartPattern')).toThrow(/flows\[0\]\.multiLineStartPattern: /)
})
