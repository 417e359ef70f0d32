import { checkpointOf, type ClusterPart, encode, textsOf } from './cluster-scenario.ts'

/** Frames that are stored before the checkpoint that publishes them. */
export const stagingConformance: ClusterPart = (test, expect) => {
  const frame = (text: string, partition = 0) => ({ exchange: 'counts', partition, bytes: encode(text) })

  test('publishes staged pieces with their checkpoint, before its own frames, and not earlier', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0'])
    const task = await s.take(a, 'a', 'clicks/0')
    expect(await a.stageFrames(task.lease, { seq: 1, piece: 0, frames: [frame('a'), frame('b')] })).toBe('written')
    expect(await a.stageFrames(task.lease, { seq: 1, piece: 1, frames: [frame('c')] })).toBe('written')
    expect(textsOf(await s.read(a, 'counts'))).toEqual([])
    await s.write(a, task, { staged: 2, frames: [['counts', 0, 'd']] })
    expect(textsOf(await s.read(a, 'counts'))).toEqual(['a', 'b', 'c', 'd'])
  })

  test('keeps a piece once that was sent twice, and one of more than a request holds whole', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0'])
    const task = await s.take(a, 'a', 'clicks/0')
    const frames = Array.from({ length: 8 }, (_, n) => frame(`${n}${'x'.repeat(250_000)}`))
    for (let times = 0; times < 2; times++)
      expect(await a.stageFrames(task.lease, { seq: 1, piece: 0, frames })).toBe('written')
    await s.write(a, task, { staged: 1 })
    const { entries } = await s.read(a, 'counts')
    const [rest] = await a.readExchanges(
      [{ exchange: 'counts', partition: 0, after: entries.at(-1)?.position ?? '0' }],
      4_000_000,
    )
    const firsts = [...entries, ...(rest?.entries ?? [])].map(({ bytes }) => String.fromCharCode(bytes[0] ?? 0))
    expect(firsts).toEqual(['0', '1', '2', '3', '4', '5', '6', '7'])
  })

  test('takes pieces from the holder of the lease only, and drops those of the tenure before', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0'])
    const first = await s.take(a, 'a', 'clicks/0')
    await a.stageFrames(first.lease, { seq: 1, piece: 0, frames: [frame('old')] })
    await s.store.advance(s.leaseMs + 1)
    const b = await s.worker('b')
    const second = await s.take(b, 'b', 'clicks/0')
    await b.stageFrames(second.lease, { seq: 1, piece: 0, frames: [frame('new')] })
    expect(await a.stageFrames(first.lease, { seq: 1, piece: 0, frames: [frame('late')] })).toBe('fenced')
    expect(await s.write(b, second, { staged: 1 })).toBe('written')
    expect(textsOf(await s.read(b, 'counts'))).toEqual(['new'])
  })

  test('leaves nothing of a piece behind that comes after its checkpoint', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0'])
    const task = await s.take(a, 'a', 'clicks/0')
    const piece = { seq: 1, piece: 0, frames: [frame('a')] }
    await a.stageFrames(task.lease, piece)
    await a.writeCheckpoint(task.lease, checkpointOf(task.lease, 1, { staged: 1 }))
    await a.stageFrames(task.lease, { seq: 2, piece: 0, frames: [frame('b')] })
    expect(await a.stageFrames(task.lease, piece)).toBe('already')
    await a.writeCheckpoint(task.lease, checkpointOf(task.lease, 2, { staged: 1 }))
    expect(textsOf(await s.read(a, 'counts'))).toEqual(['a', 'b'])
  })
}
