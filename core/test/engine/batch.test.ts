import { first, from, last, MillraceError, topology, tumbling, type Codec, type Slab } from '@millrace/core'
import { collecting, scripted } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import type { Records } from '../../src/connector/source.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { forms } from '../operators/support/through.ts'
import { batch, engineOf } from './support/batch.ts'

describe.each(forms)('records that come as bytes, as %s', (form) => {
  /** Whole numbers, a line each; anything else is refused. */
  const codec: Codec<unknown> = {
    contentType: 'text/plain',
    description: 'numbers()',
    encoder: () => ({ encode: (n, out) => out.text(String(n)) }),
    decoder: () => ({
      decode({ bytes, starts, ends }, first, to, values, rows, refuse) {
        let decoded = 0
        for (let row = first; row < to; row++) {
          const text = new TextDecoder().decode(bytes.subarray(starts[row], ends[row]))
          if (/^\d+$/.test(text)) {
            values[decoded] = Number(text)
            rows[decoded++] = row
          } else refuse(row, new MillraceError('BAD_RECORD', `${text} is no number`))
        }
        return decoded
      },
    }),
  }

  const slabOf = (lines: readonly string[]): Slab => {
    const bytes = new TextEncoder().encode(lines.join('\n'))
    const ends = lines.map((_, i) => lines.slice(0, i + 1).join('\n').length)
    const starts = lines.map((line, i) => (ends[i] ?? 0) - line.length)
    return { bytes, starts: Uint32Array.from(starts), ends: Uint32Array.from(ends), length: lines.length }
  }

  const graph = topology('bytes')
    .sources(() => ({ numbers: from({ ...scripted<number>(), codec }, { eventTime: (n) => n, maxAhead: '1d' }) }))
    .build(({ numbers }) => ({
      out: numbers
        .filter((n) => {
          if (n === 13) throw new Error('unlucky')
          return true
        })
        .to(collecting()),
      ends: numbers
        .windowAll(tumbling(10_000))
        .aggregate({ first: first<number>(), last: last<number>() })
        .to(collecting()),
    }))
    .graph({})

  const read = (engine: Engine, lines: readonly string[], more: Partial<Records<unknown>> = {}): void => {
    const { values: _values, ...records } = batch([])
    const rest = { ...records, slab: slabOf(lines), positionOf: (row: number) => `@${row}`, ...more }
    for (let row = 0; row < lines.length; row = engine.process(engine.addPartition('numbers', 'p'), rest, row));
    engine.advance()
  }

  test('become dead letters with their bytes and position when they do not decode, and when a step refuses them', () => {
    const engine = engineOf(graph, form)
    read(engine, ['1', 'x', '2', '13', '', '3'])
    expect(engine.outputs[0]?.take()?.values).toEqual([1, 2, 3])
    const told = engine
      .takeDeadLetters()
      .map(({ node, code, position, time, bytes }) => [node, code, position, time, new TextDecoder().decode(bytes)])
    expect(told).toEqual([
      ['numbers', 'BAD_RECORD', '@1', undefined, 'x'],
      ['numbers', 'BAD_RECORD', '@4', undefined, ''],
      ['numbers.filter', 'USER_CODE', '@3', 13, '13'],
    ])
    expect(engine.stats()).toMatchObject({ records: 6, deadLetters: 3 })
  })

  test('are refused with what the reader kept of them when they could not even be cut out', () => {
    const engine = engineOf(graph, form)
    const error = new MillraceError('RECORD_TOO_LARGE', 'too large')
    read(engine, ['1', '2'], { refused: [{ position: '@9', error, bytes: new Uint8Array([7]) }] })
    expect(engine.takeDeadLetters()).toMatchObject([
      { source: 'numbers', partition: 'p', position: '@9', code: 'RECORD_TOO_LARGE', bytes: new Uint8Array([7]) },
    ])
  })

  test('keep their place among records of one time over batches, refused ones and a restart', () => {
    const lines = (n: number): string[] => Array.from({ length: n }, (_, i) => (i % 5 === 0 ? 'x' : '5'))
    const places = (engine: Engine): unknown => engine.addPartition('numbers', 'p').count
    const engine = engineOf(graph, form)
    read(engine, lines(2500))
    expect(places(engine)).toBe(2500)
    const { meta, delta } = engine.snapshot()
    const again = engineOf(graph, form)
    again.restore(meta, delta ? [delta] : [])
    read(again, lines(10))
    expect(places(again)).toBe(2510)
  })

  test('are a dead letter in the form that the policy of the source says', () => {
    const strict = topology('bytes')
      .sources(() => ({ numbers: from({ ...scripted<number>(), codec }, { onError: 'fail' }) }))
      .build(({ numbers }) => ({ out: numbers.to(collecting()) }))
      .graph({})
    expect(() => read(engineOf(strict, form), ['1', 'x'])).toThrow(
      expect.objectContaining({ code: 'BAD_RECORD', node: 'numbers', position: '@1' }) as Error,
    )
  })
})
