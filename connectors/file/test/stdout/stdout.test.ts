import { sinkConformance } from '@millrace/core/testing'
import { stdout } from '@millrace/file'
import type { Output } from '@millrace/file'
import { describe, expect, test } from 'vitest'
import { openWriter, write } from '../support/writing.ts'

/** Keeps what is written, as a pipe or a terminal of 30 × 12. */
function collected(isTTY: boolean): Output & { readonly text: string } {
  const output = {
    isTTY,
    columns: 30,
    rows: 12,
    text: '',
    write(text: string, done: () => void): void {
      output.text += text
      queueMicrotask(done)
    },
  }
  return output
}

const circular: { self?: unknown; n: number } = { n: 0 }
circular.self = circular

describe('stdout', () => {
  sinkConformance<{ n: number }>({
    test,
    expect,
    guarantee: 'at-least-once',
    create: async () => {
      const output = collected(false)
      return {
        sink: stdout({ output }),
        record: (n) => ({ n }),
        unwritable: circular,
        visible: async () =>
          output.text
            .split('\n')
            .slice(0, -1)
            .map((line) => (JSON.parse(line) as { n: number }).n),
      }
    },
    skip: { 'connects nowhere before it is opened': 'there is nothing that could be away' },
  })
})

test('writes lines of JSON where nobody looks', async () => {
  const output = collected(false)
  const writer = await openWriter(stdout({ output }))
  await write(writer, [{ page: '/a', n: 1 }, 'text', 5n, undefined])
  expect(output.text).toBe('{"page":"/a","n":1}\n"text"\n"5"\nnull\n')
})

test('shows the last records as a table on a terminal, drawn again in place', async () => {
  const output = collected(true)
  let now = 0
  const writer = await openWriter(stdout({ output, rows: 2 }), { now: () => now })
  await write(writer, [
    { page: '/first', n: 1 },
    { page: '/a', n: 12 },
    { page: '/b\x1b[2J', mean: 1 / 3 },
  ])
  expect(output.text).toBe(['out', 'page     n      mean', '/a      12', '/b?[2J      0.333333', '', ''].join('\n'))
  const drawn = output.text.length
  await write(writer, [{ page: '/too soon', n: 2 }])
  expect(output.text.length).toBe(drawn)
  now = 100
  await write(writer, [{ page: `/${'x'.repeat(50)}`, n: 3 }])
  expect(output.text.slice(drawn)).toBe(
    `\x1b[5A\x1b[0J${['out', `page${' '.repeat(26)}`.trimEnd(), '/too soon', `/${'x'.repeat(29)}`, '', ''].join('\n')}`,
  )
})

test('shows the tables of several sinks below one another, as many lines as there is room for', async () => {
  const output = collected(true)
  const sink = stdout({ output, rows: 3 })
  const writer = await openWriter(sink)
  await write(writer, ['a', 'b'])
  const other = await sink.open({
    job: 'j',
    sink: 'other',
    task: 't',
    tenure: { run: 'r', epoch: 1, nonce: 'n' },
    clock: { now: () => 0 },
    signal: new AbortController().signal,
    refuse: () => {},
    state: undefined,
  })
  await write(other, ['c'])
  const before = output.text.length
  await other.prepare(1)
  expect(output.text.slice(before)).toBe('\x1b[5A\x1b[0Jout\nvalue\na\nb\n\nother\nvalue\nc\n\n')
})

test('shows what has no JSON as far as it can', async () => {
  const output = collected(true)
  await write(await openWriter(stdout({ output })), [circular])
  expect(output.text).toBe('out\nn  self\n0  ?\n\n')
})

test('rejects when the output is gone', async () => {
  const output: Output = { write: (_, done) => done(new Error('EPIPE')) }
  const writer = await openWriter(stdout({ output }))
  await expect(write(writer, ['a'])).rejects.toThrow('EPIPE')
})
