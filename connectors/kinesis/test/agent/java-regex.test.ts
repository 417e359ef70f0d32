import { expect, test } from 'vitest'
import { javaRegex } from '../../src/agent/java-regex.ts'

test('flags at the start are flags', () => {
  expect(javaRegex('(?is)error.x', 'p')).toEqual(/error.x/is)
  expect(javaRegex('^\\d{4}-', 'p')).toEqual(/^\d{4}-/)
  // a backslash before a letter that is itself escaped
  expect(javaRegex('C:\\\\Apps', 'p').test('C:\\Apps')).toBe(true)
})

test.each(['\\p{Alpha}+', '\\Qa.b\\E', '\\Aa', 'a\\z', 'a\\h', '[a-z&&[^b]]', 'a++', '(', '', 5])(
  'refuses %s',
  (value) => {
    expect(() => javaRegex(value, 'flows[0].multiLineStartPattern')).toThrow(/flows\[0\]\.multiLineStartPattern: /)
  },
)
