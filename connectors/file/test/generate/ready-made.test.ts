import { accessLog, ByteWriter } from '@millrace/core'
import type { Source } from '@millrace/core'
import { accessLogLines, auctions, bids, pageViews, persons } from '@millrace/file'
import { expect, test } from 'vitest'

async function take<T>(source: Source<T>): Promise<readonly T[]> {
  const context = { clock: { now: () => 0 }, signal: new AbortController().signal }
  for await (const { partitions } of source.partitions(context)) {
    const reader = await source.open(partitions[0]!, '0', context)
    const read = await reader.read(context.signal)
    if (read.type === 'records') return read.values ?? []
  }
  return []
}

test('page views are the same for the same seed, skewed, and slightly out of order', async () => {
  const views = await take(pageViews({ seed: 3, count: 1_000 }))
  expect(await take(pageViews({ seed: 3, count: 1_000 }))).toEqual(views)
  const hot = views.filter(({ page }) => page === '/page/0').length
  expect(hot).toBeGreaterThan(50)
  const times = views.map(({ at }) => at)
  expect(times).not.toEqual(times.toSorted((a, b) => a - b))
  for (const [i, time] of times.entries())
    expect(Math.abs(time - Date.UTC(2026, 0, 1) - i * 10)).toBeLessThanOrEqual(1_000)
})

test('bids are on auctions of persons that came before them', async () => {
  const options = { seed: 5, count: 1_000, disorder: 0 }
  const [people, offers, offered] = await Promise.all([
    take(persons(options)),
    take(auctions(options)),
    take(bids(options)),
  ])
  for (const { seller, at } of offers) expect(people[seller]!.at).toBeLessThanOrEqual(at)
  for (const { auction, bidder, at } of offered.slice(46)) {
    expect(offers[auction]!.at).toBeLessThan(at)
    expect(people[bidder]!.at).toBeLessThan(at)
  }
})

test('access log lines are such', () => {
  const lines = [...accessLogLines({ seed: 1, lines: 2_000 })]
  expect([...accessLogLines({ seed: 1, lines: 2_000 })]).toEqual(lines)
  const out = new ByteWriter()
  const ends = lines.map((line) => {
    out.text(line)
    return out.length
  })
  const slab = {
    bytes: out.take(),
    starts: Uint32Array.from([0, ...ends]),
    ends: Uint32Array.from(ends),
    length: lines.length,
  }
  const refused: unknown[] = []
  const count = accessLog()
    .decoder()
    .decode(slab, 0, lines.length, [], new Int32Array(lines.length), (_, error) => refused.push(error))
  expect([count, refused]).toEqual([2_000, []])
})
