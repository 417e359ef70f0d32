import { expect, test } from 'vitest'
import { fields, table } from '../../../src/cli/text/table.ts'

test('aligns columns', () => {
  const columns = [{ title: 'name' }, { title: 'n', align: 'right' }, { title: 'rest' }] as const
  expect(
    table(columns, [
      ['a', '1', ''],
      ['long name', '1,000', 'x'],
    ]),
  ).toBe(['name           n  rest', 'a              1', 'long name  1,000  x', ''].join('\n'))
})

test('keeps text of others on its line, and from moving the cursor', () => {
  expect(table([{ title: 'message' }], [['a\n  b\x1b[2J\x07c']])).toBe('message\na b\u{fffd}[2J\u{fffd}c\n')
  expect(
    fields([
      ['a', 'x\ny'],
      ['long', ''],
    ]),
  ).toBe('a     x y\nlong\n')
})
