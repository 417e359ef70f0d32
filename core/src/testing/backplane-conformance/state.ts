import type { Backplane, Lease, StateBlob } from '../../connector/backplane.ts'
import { blobOf, type ConformancePart, codeOf, record, task, writeOf } from './scenario.ts'

/** State: whole or an error, kept as long as a record that may be needed names it. */
export const stateConformance: ConformancePart = (test, expect) => {
  for (const [size, length] of [
    ['empty', 0],
    ['small', 100],
    ['large', 5 * 1024 * 1024 + 1],
  ] as const) {
    test(`reads back the bytes of a delta: ${size}`, async (s) => {
      const { backplane, lease } = await s.owner('a')
      const delta = await writeDelta(backplane, lease, 1, [], length)
      expect(
        same(await (await s.store.connect()).readState(delta, task), (await blobOf(lease, 1, 'delta', length)).bytes),
      ).toBe(true)
    })

    test(`reads back the bytes of a base: ${size}`, async (s) => {
      const { backplane, lease } = await s.owner('a')
      const { blob, bytes } = await blobOf(lease, 1, 'base', length)
      expect(await backplane.writeBase(lease, blob, bytes)).toBe('written')
      expect(await backplane.writeCheckpoint(lease, writeOf(record(lease, 1, { state: [blob] })))).toBe('written')
      expect(same(await backplane.readState(blob, task), bytes)).toBe(true)
    })
  }

  for (const how of ['missing', 'shorter', 'changed'] as const) {
    test(`rejects state that is ${how} with CORRUPT_STATE`, async (s) => {
      const { backplane, lease } = await s.owner('a')
      const delta = await writeDelta(backplane, lease, 1, [], 3_000)
      await s.store.damage(delta, how)
      expect(await codeOf(backplane.readState(delta, task))).toBe('CORRUPT_STATE')
    })
  }

  test('answers `already` to the repeat of a base, and fences a worker whose task was taken', async (s) => {
    const first = await s.owner('a')
    const base = await blobOf(first.lease, 1, 'base', 100)
    expect(await first.backplane.writeBase(first.lease, base.blob, base.bytes)).toBe('written')
    expect(await first.backplane.writeBase(first.lease, base.blob, base.bytes)).toBe('already')
    await s.successor('b')
    const late = await blobOf(first.lease, 2, 'base', 100)
    expect(await first.backplane.writeBase(first.lease, late.blob, late.bytes)).toBe('fenced')
  })

  test('keeps, when garbage is collected, what the last record and the one before it name', async (s) => {
    const { backplane, lease } = await s.owner('a')
    const first = await writeDelta(backplane, lease, 1, [])
    const second = await writeDelta(backplane, lease, 2, [])
    const third = await writeDelta(backplane, lease, 3, [])
    await backplane.collectGarbage(lease)
    expect(await codeOf(backplane.readState(first, task))).toBe('CORRUPT_STATE')
    expect(await codeOf(backplane.readState(second, task))).toBe('resolved')
    expect(await codeOf(backplane.readState(third, task))).toBe('resolved')
  })

  test('keeps the base that this tenure stored for its next checkpoint, and drops that of a tenure before', async (s) => {
    const first = await s.owner('a')
    const base = await blobOf(first.lease, 1, 'base', 100)
    await first.backplane.writeBase(first.lease, base.blob, base.bytes)
    await first.backplane.collectGarbage(first.lease)
    expect(await codeOf(first.backplane.readState(base.blob, task))).toBe('resolved')
    const { backplane, lease } = await s.successor('b')
    await backplane.collectGarbage(lease)
    expect(await codeOf(backplane.readState(base.blob, task))).toBe('CORRUPT_STATE')
  })

  test('collects nothing for a worker whose task was taken', async (s) => {
    const first = await s.owner('a')
    await writeDelta(first.backplane, first.lease, 1, [])
    const { backplane, lease } = await s.successor('b')
    const base = await blobOf(lease, 2, 'base', 100)
    await backplane.writeBase(lease, base.blob, base.bytes)
    await first.backplane.collectGarbage(first.lease)
    expect(await codeOf(backplane.readState(base.blob, task))).toBe('resolved')
  })

  test('keeps the state of each task', async (s) => {
    const { backplane, lease } = await s.owner('a')
    const other = await s.take(backplane, 'a', 'job/1')
    const delta = await writeDelta(backplane, other, 1, [])
    for (const seq of [1, 2, 3]) await writeDelta(backplane, lease, seq, [])
    await backplane.collectGarbage(lease)
    expect(await codeOf(backplane.readState(delta, other.task))).toBe('resolved')
  })
}

async function writeDelta(
  backplane: Backplane,
  lease: Lease,
  seq: number,
  before: readonly StateBlob[],
  length = 100,
): Promise<StateBlob> {
  const made = await blobOf(lease, seq, 'delta', length)
  const delta = { ...made, blob: { ...made.blob, id: `${lease.task}-${made.blob.id}` } }
  const write = writeOf(record(lease, seq, { state: [...before, delta.blob] }), { delta })
  const outcome = await backplane.writeCheckpoint(lease, write)
  if (outcome !== 'written') throw new Error(`record ${seq} was ${outcome}`)
  return delta.blob
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  let i = 0
  while (i < a.length && a[i] === b[i]) i++
  return i === a.length && i === b.length
}
