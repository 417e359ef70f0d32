import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

const source = (path: string): string => JSON.stringify(new URL(`../../../src/${path}`, import.meta.url).href)

/** Decodes and encodes in a process of its own, after `prelude`. */
const script = (prelude: string): string => `
${prelude}
const { json } = await import(${source('codecs/json.ts')})
const { int, optional, string } = await import(${source('fields.ts')})
const { ByteWriter } = await import(${source('connector/byte-writer.ts')})
const codec = json({ page: string(), at: optional(int()) })
const texts = ['{"page":"/p"}', '{"at":5,"page":"Zoë"}', '{"page":5}', '{"page":"a"} x']
const bytes = new TextEncoder().encode(texts.join('\\n'))
const ends = [...bytes.entries()].filter(([, byte]) => byte === 10).map(([at]) => at)
const slab = { bytes, starts: [0, ...ends.map((at) => at + 1)], ends: [...ends, bytes.length], length: 4 }
const values = [], rows = [], refused = [], out = new ByteWriter()
const decoder = codec.decoder()
const count = decoder.decode(slab, 0, 4, values, rows, (row, error) => refused.push([row, error.code]))
const encoder = codec.encoder()
for (const value of values.slice(0, count)) encoder.encode(value, out)
console.log(JSON.stringify({ how: decoder.constructor.name, values, rows, refused, written: new TextDecoder().decode(out.view()) }))`

function answers(prelude: string, ...flags: string[]): unknown {
  const args = [...flags, '--input-type=module', '--eval', script(prelude)]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
}

const expected = {
  values: [{ page: '/p' }, { page: 'Zoë', at: 5 }],
  rows: [0, 1],
  refused: [
    [2, 'BAD_RECORD'],
    [3, 'BAD_RECORD'],
  ],
  written: '{"page":"/p"}{"page":"Zoë","at":5}',
}

test('without code generation the answers are the same', () => {
  expect(answers('', '--disallow-code-generation-from-strings')).toEqual({ how: 'ParsingDecoder', ...expected })
})

test('without Buffer the answers are the same', () => {
  expect(answers('delete globalThis.Buffer')).toEqual({ how: 'ScanningDecoder', ...expected })
})
