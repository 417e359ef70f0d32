import { type ConformancePart, letter, record, writeOf } from './scenario.ts'

/** Dead letters: kept with the checkpoint that found them, until they were read again. */
export const deadLetterConformance: ConformancePart = (test, expect) => {
  test('keeps dead letters whole, oldest first, with the record that brought them', async (s) => {
    const { backplane, lease } = await s.owner('a')
    const letters = [letter(1), letter(2, { code: 'LATE', time: 1.5, bytes: new Uint8Array() })]
    await backplane.writeCheckpoint(lease, writeOf(record(lease, 1), { deadLetters: letters }))
    const [first, second] = await backplane.deadLetters({ limit: 10 })
    expect(first).toEqual({ ...letter(1), id: first?.id, seq: 1, at: record(lease, 1).takenAt, state: 'stored' })
    expect(second).toMatchObject({ code: 'LATE', time: 1.5 })
    expect([...(first?.bytes ?? [])]).toEqual([0, 255, 1])
    expect((second?.id ?? 0) - (first?.id ?? 0)).toBeGreaterThan(0)
  })

  test('lists them page by page', async (s) => {
    const { backplane, lease } = await s.owner('a')
    await backplane.writeCheckpoint(lease, writeOf(record(lease, 1), { deadLetters: [1, 2, 3].map((n) => letter(n)) }))
    const page = await backplane.deadLetters({ limit: 2 })
    const rest = await backplane.deadLetters({ limit: 2, after: page[1]?.id ?? 0 })
    expect([page, rest].map((letters) => letters.map(({ position }) => position))).toEqual([['1', '2'], ['3']])
  })

  test('marks those to be read again, and says the same to a repeat', async (s) => {
    const { backplane, lease } = await s.owner('a')
    await backplane.writeCheckpoint(lease, writeOf(record(lease, 1), { deadLetters: [letter(1), letter(2)] }))
    const [first] = await backplane.deadLetters({ limit: 1 })
    const ids = [first?.id ?? 0, 999]
    expect(await backplane.redrive(ids)).toBe(1)
    expect(await backplane.redrive(ids)).toBe(1)
    expect((await backplane.deadLetters({ state: 'redrive', limit: 10 })).map(({ id }) => id)).toEqual([first?.id])
    expect((await backplane.deadLetters({ state: 'stored', limit: 10 })).map(({ position }) => position)).toEqual(['2'])
    expect(await backplane.redrive()).toBe(2)
  })

  test('drops those that a checkpoint says were read again, and never gives their ids to others', async (s) => {
    const { backplane, lease } = await s.owner('a')
    await backplane.writeCheckpoint(lease, writeOf(record(lease, 1), { deadLetters: [letter(1)] }))
    const [first] = await backplane.deadLetters({ limit: 1 })
    const again = writeOf(record(lease, 2), { redriven: [first?.id ?? 0], deadLetters: [letter(2)] })
    await backplane.writeCheckpoint(lease, again)
    const left = await backplane.deadLetters({ limit: 10 })
    expect(left.map(({ position }) => position)).toEqual(['2'])
    expect((left[0]?.id ?? 0) - (first?.id ?? 0)).toBeGreaterThan(0)
  })
}
