import { blobOf, type ConformancePart, codeOf, letter, record, task, writeOf } from './scenario.ts'

/** Checkpoints: one after the other, by one tenure, all or nothing. */
export const checkpointConformance: ConformancePart = (test, expect) => {
  test('knows no checkpoint at first', async (s) => {
    const { backplane } = await s.owner('a')
    expect(await backplane.readCheckpoint(task)).toBe(undefined)
  })

  test('reads back the last record as it was written, from any client', async (s) => {
    const { backplane, lease } = await s.owner('a')
    expect(await backplane.writeCheckpoint(lease, writeOf(record(lease, 1)))).toBe('written')
    expect(await backplane.writeCheckpoint(lease, writeOf(record(lease, 2)))).toBe('written')
    expect(await (await s.store.connect()).readCheckpoint(task)).toEqual(record(lease, 2))
  })

  test('says durable to the writer of a record', async (s) => {
    const { backplane, lease } = await s.owner('a')
    await backplane.writeCheckpoint(lease, writeOf(record(lease, 1)))
    expect(await codeOf(backplane.durable(lease))).toBe('resolved')
  })

  test('answers `already` to a repeat and changes nothing', async (s) => {
    const { backplane, lease } = await s.owner('a')
    const write = writeOf(record(lease, 1), { deadLetters: [letter(1)] })
    expect(await backplane.writeCheckpoint(lease, write)).toBe('written')
    expect(await backplane.writeCheckpoint(lease, write)).toBe('already')
    expect((await backplane.deadLetters({ limit: 10 })).length).toBe(1)
  })

  test('never goes back: an earlier record of the same tenure that comes late changes nothing', async (s) => {
    const { backplane, lease } = await s.owner('a')
    const first = writeOf(record(lease, 1), { deadLetters: [letter(1)] })
    await backplane.writeCheckpoint(lease, first)
    await backplane.writeCheckpoint(lease, writeOf(record(lease, 2)))
    await backplane.writeCheckpoint(lease, writeOf(record(lease, 3)))
    expect(await backplane.writeCheckpoint(lease, first)).toBe('already')
    expect(await backplane.readCheckpoint(task)).toEqual(record(lease, 3))
    expect((await backplane.deadLetters({ limit: 10 })).length).toBe(1)
  })

  test('goes on with the sequence of the tenure before', async (s) => {
    const first = await s.owner('a')
    await first.backplane.writeCheckpoint(first.lease, writeOf(record(first.lease, 1)))
    const { backplane, lease } = await s.successor('b')
    expect(await backplane.readCheckpoint(task)).toEqual(record(first.lease, 1))
    expect(await backplane.writeCheckpoint(lease, writeOf(record(lease, 2)))).toBe('written')
  })

  test('refuses a record that leaves one out, or that a tenure before wrote', async (s) => {
    const first = await s.owner('a')
    await first.backplane.writeCheckpoint(first.lease, writeOf(record(first.lease, 1)))
    const { backplane, lease } = await s.successor('b')
    expect(await codeOf(backplane.writeCheckpoint(lease, writeOf(record(lease, 3))))).toBe('CORRUPT_STATE')
    expect(await codeOf(backplane.writeCheckpoint(lease, writeOf(record(lease, 1))))).toBe('CORRUPT_STATE')
    expect(await backplane.readCheckpoint(task)).toEqual(record(first.lease, 1))
  })

  test('fences a worker whose task was taken, all or nothing', async (s) => {
    const first = await s.owner('a')
    await first.backplane.writeCheckpoint(first.lease, writeOf(record(first.lease, 1), { deadLetters: [letter(1)] }))
    const { backplane } = await s.successor('b')
    const delta = await blobOf(first.lease, 2, 'delta', 10)
    const late = writeOf(record(first.lease, 2, { state: [delta.blob] }), {
      delta,
      deadLetters: [letter(2)],
      redriven: [1],
    })
    expect(await first.backplane.writeCheckpoint(first.lease, late)).toBe('fenced')
    expect(await backplane.readCheckpoint(task)).toEqual(record(first.lease, 1))
    expect((await backplane.deadLetters({ limit: 10 })).map(({ position }) => position)).toEqual(['1'])
    expect(await codeOf(backplane.readState(delta.blob, task))).toBe('CORRUPT_STATE')
  })

  test('fences a worker that gave its lease up', async (s) => {
    const { backplane, lease } = await s.owner('a')
    await backplane.release(lease)
    expect(await backplane.writeCheckpoint(lease, writeOf(record(lease, 1)))).toBe('fenced')
  })

  test('fences by run, epoch and nonce, each of them', async (s) => {
    const { backplane, lease } = await s.owner('a')
    for (const wrong of [
      { run: 'other' },
      { epoch: lease.epoch + 1 },
      { epoch: lease.epoch - 1 },
      { nonce: 'other' },
    ]) {
      const forged = { ...lease, ...wrong }
      expect(await backplane.writeCheckpoint(forged, writeOf(record(forged, 1)))).toBe('fenced')
    }
    expect(await backplane.readCheckpoint(task)).toBe(undefined)
  })

  test('takes a record from an expired lease that nobody took', async (s) => {
    const { backplane, lease } = await s.owner('a')
    await s.store.advance(s.leaseMs * 2)
    expect(await backplane.writeCheckpoint(lease, writeOf(record(lease, 1)))).toBe('written')
  })

  test('fences the repeat of an accepted record after a takeover, and the record stays', async (s) => {
    const first = await s.owner('a')
    const write = writeOf(record(first.lease, 1))
    await first.backplane.writeCheckpoint(first.lease, write)
    const { backplane, lease } = await s.successor('b')
    expect(await first.backplane.writeCheckpoint(first.lease, write)).toBe('fenced')
    expect(await backplane.readCheckpoint(task)).toEqual(record(first.lease, 1))
    expect(await backplane.writeCheckpoint(lease, writeOf(record(lease, 2)))).toBe('written')
  })

  test('refuses a record that names state which was never stored', async (s) => {
    const { backplane, lease } = await s.owner('a')
    const { blob } = await blobOf(lease, 1, 'base', 10)
    const write = writeOf(record(lease, 1, { state: [blob] }), { deadLetters: [letter(1)] })
    expect(await codeOf(backplane.writeCheckpoint(lease, write))).toBe('CORRUPT_STATE')
    expect(await backplane.readCheckpoint(task)).toBe(undefined)
    expect(await backplane.deadLetters({ limit: 10 })).toEqual([])
  })
}
