import type { Read, Source } from '@millrace/core'
import { sourceConformance } from '@millrace/core/testing'
import { generate } from '@millrace/file'
import { describe, expect, test } from 'vitest'

const signal = new AbortController().signal

async function readAll<T>(source: Source<T>): Promise<T[][]> {
  const context = { clock: { now: () => 0 }, signal }
  const all: T[][] = []
  for await (const { partitions } of source.partitions(context)) {
    for (const partition of partitions) {
      const reader = await source.open(partition, await source.resolve(partition, context), context)
      const values: T[] = []
      for (let read = await reader.read(signal); read.type === 'records'; read = await reader.read(signal)) {
        values.push(...(read.values ?? []))
      }
      all.push(values)
    }
  }
  return all
}

describe('generate', () => {
  const make = (random: { next(): number }, index: number) => ({ index, a: random.next(), b: random.next() })
  sourceConformance({
    test,
    expect,
    create: async () => {
      const source = generate(make, { seed: 7, count: 3_001, partitions: 3 })
      return { source, content: await readAll(source) }
    },
    skip: { 'connects nowhere before it is asked to': 'it never connects to anything' },
  })

  test('makes the same records for the same seed, in any number of partitions', async () => {
    const [one] = await readAll(generate(make, { seed: 7, count: 1_000 }))
    const several = (await readAll(generate(make, { seed: 7, count: 1_000, partitions: 4 }))).flat()
    expect(several.toSorted((a, b) => a.index - b.index)).toEqual(one)
    expect(await readAll(generate(make, { seed: 8, count: 1_000 }))).not.toEqual([one])
  })

  test('makes numbers that are spread evenly', async () => {
    const [values = []] = await readAll(generate((random) => random.below(10), { count: 100_000 }))
    const counts = Array.from({ length: 10 }, (_, digit) => values.filter((value) => value === digit).length)
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  })

  test('makes as many records a second as it was told, by the clock', async () => {
    let now = 1_000
    const context = { clock: { now: () => now }, signal }
    const source = generate((_, index) => index, { rate: 100, partitions: 2 })
    const reader = await source.open({ id: 'seed1-1/2' }, '10', context)
    const stop = AbortSignal.abort()
    expect(await reader.read(stop)).toEqual({ type: 'idle', position: '10' })
    now += 100
    expect(valuesOf(await reader.read(stop))).toEqual([21, 23, 25, 27, 29])
    now += 30_000
    expect(valuesOf(await reader.read(stop)).length).toBe(1_024)
  })

  test('refuses a partition of another seed, and options out of range', async () => {
    const context = { clock: { now: () => 0 }, signal }
    await expect(generate((_, i) => i, { seed: 2 }).open({ id: 'seed1-0/1' }, '0', context)).rejects.toThrow(
      /its seed or partitions changed/,
    )
    expect(() => generate((_, i) => i, { rate: 0 })).toThrow(/`rate`/)
    expect(() => generate((_, i) => i, { count: -1 })).toThrow(/`count`/)
    expect(() => generate((_, i) => i, { partitions: 0 })).toThrow(/`partitions`/)
    expect(() => generate((_, i) => i, { seed: 0.5 })).toThrow(/`seed`/)
  })
})

function valuesOf<T>(read: Read<T>): readonly T[] {
  return read.type === 'records' ? (read.values ?? []) : []
}
