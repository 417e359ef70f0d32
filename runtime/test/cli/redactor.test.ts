import { Secret } from '@millrace/core'
import { expect, test } from 'vitest'
import { Redactor } from '../../src/cli/redactor.ts'

const watching = (text: string): Redactor => {
  const redactor = new Redactor()
  redactor.watch(new Secret(() => text))
  return redactor
}

test('takes a secret out, however it is written', () => {
  const { clean } = { clean: (text: string) => watching('a"b/c&d').clean(text) }
  expect(clean('is a"b/c&d here')).toBe('is [secret] here')
  expect(clean(JSON.stringify({ is: 'a"b/c&d' }))).toBe('{"is":"[secret]"}')
  expect(clean(`https://${encodeURIComponent('a"b/c&d')}@host`)).toBe('https://[secret]@host')
  expect(clean('n0["a#34;b/c#38;d"]')).toBe('n0["[secret]"]')
})

test('takes out a secret of several lines when the lines are indented', () => {
  const key = '-----BEGIN KEY-----\nabcdefgh\nijklmnop\n-----END KEY-----'
  expect(watching(key).clean(`bad key:\n  ${key.replaceAll('\n', '\n  ')}`)).toBe(
    'bad key:\n  [secret]\n  [secret]\n  [secret]\n  [secret]',
  )
})

test('takes out the longer of two secrets first', () => {
  const redactor = watching('hunter')
  redactor.watch(new Secret(() => 'hunter2secret'))
  expect(redactor.clean('hunter2secret, hunter')).toBe('[secret], [secret]')
})

test('knows what a secret reveals later', () => {
  let text = 'first secret'
  const redactor = new Redactor()
  const watched = redactor.watch(new Secret(() => text))
  text = 'rotated secret'
  expect(watched.reveal()).toBe('rotated secret')
  expect(redactor.clean('rotated secret, first secret')).toBe('[secret], [secret]')
})

test('leaves words alone that are too short to be secrets', () => {
  expect(watching('a').clean('banana')).toBe('banana')
})
