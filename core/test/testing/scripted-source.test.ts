import { at, scripted, sourceConformance } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'

const content = [Array.from({ length: 30 }, (_, i) => `p${i}`), Array.from({ length: 7 }, (_, i) => `q${i}`), []]

for (const perRead of [1, 4, 1024]) {
  describe(`the scripted source, ${perRead} records a read`, () => {
    sourceConformance<string>({
      test,
      expect,
      create: async () => ({
        source: scripted({ partitions: { p: content[0] ?? [], q: content[1] ?? [], r: [] }, perRead }),
        content,
      }),
      skip: { 'connects nowhere before it is asked to': 'there is nothing to connect to' },
    })
  })
}

test('the scripted source gives records of one arrival in one read', async () => {
  const source = scripted({ partitions: { p: [at('1s', 'a'), at('1s', 'b'), at('2s', 'c'), 'd'] } })
  const context = { clock: { now: () => 0 }, signal: new AbortController().signal }
  const reader = await source.open({ id: 'p' }, '0', context)
  const reads = [
    await reader.read(context.signal),
    await reader.read(context.signal),
    await reader.read(context.signal),
    await reader.read(context.signal),
  ]
  expect(reads).toMatchObject([
    { values: ['a', 'b'], arrival: 1000, position: '2', backlog: 2 },
    { values: ['c'], arrival: 2000, position: '3', backlog: 1 },
    { values: ['d'], position: '4', backlog: 0 },
    { type: 'end' },
  ])
})
