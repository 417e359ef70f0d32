import { expect, test } from 'vitest'
import { LiveBlock } from '../../../src/cli/run/live-block.ts'
import { screenOf } from '../support/terminal.ts'

const drawn = (columns?: number) => {
  const said = { text: '' }
  const stream = { write: () => undefined, ...(columns === undefined ? {} : { columns }) }
  const block = new LiveBlock(stream, (text) => (said.text += text))
  return { block, screen: () => screenOf(said.text) }
}

test('draws over what it drew before, also when there are fewer lines', () => {
  const { block, screen } = drawn()
  block.draw(['one', 'two', 'three'])
  block.draw(['four', 'five'])
  expect(screen()).toEqual(['four', 'five', ''])
})

test('leaves nothing behind', () => {
  const { block, screen } = drawn()
  block.draw(['one', 'two'])
  block.clear()
  block.clear()
  expect(screen()).toEqual([''])
})

test('cuts lines that the terminal would wrap', () => {
  const { block, screen } = drawn(10)
  block.draw(['0123456789abc'])
  expect(screen()).toEqual(['012345678', ''])
})
