import { type ClusterPart, positionsOf, textsOf } from './cluster-scenario.ts'
import { codeOf } from '../backplane-conformance/scenario.ts'

/** Frames: published once, by the checkpoint that they belong to; read in order; trimmed by their reader's. */
export const exchangeConformance: ClusterPart = (test, expect) => {
  test('has nothing at first, and says that this is the end', async (s) => {
    const found = await s.read(await s.worker('a'), 'counts')
    expect(found).toEqual({ entries: [], atEnd: true, watermark: -Infinity })
  })

  test('publishes the frames of a checkpoint with it, each in its partition, in order', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0'])
    const task = await s.take(a, 'a', 'clicks/0')
    await s.write(a, task, {
      frames: [
        ['counts', 0, 'a1'],
        ['counts', 1, 'b1'],
        ['counts', 0, 'a2'],
      ],
    })
    await s.write(a, task, { frames: [['counts', 0, 'a3']] })
    expect(textsOf(await s.read(a, 'counts', 0))).toEqual(['a1', 'a2', 'a3'])
    expect(textsOf(await s.read(a, 'counts', 1))).toEqual(['b1'])
  })

  test('keeps bytes as they are, none and many included', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0'])
    const task = await s.take(a, 'a', 'clicks/0')
    const all = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte))
    const large = 'x'.repeat(300_000)
    await s.write(a, task, {
      frames: [
        ['counts', 0, all],
        ['counts', 0, ''],
        ['counts', 0, large],
      ],
    })
    expect(textsOf(await s.read(a, 'counts', 0)).map((text) => text.length)).toEqual([256, 0, 300_000])
    expect(textsOf(await s.read(a, 'counts', 0))[0]).toBe(all)
  })

  test('publishes nothing of a write that is refused', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0'])
    const task = await s.take(a, 'a', 'clicks/0')
    await a.release(task.lease)
    expect(await s.write(a, task, { frames: [['counts', 0, 'a1']], watermark: 9 })).toBe('fenced')
    expect(await s.read(a, 'counts', 0)).toEqual({ entries: [], atEnd: true, watermark: -Infinity })
  })

  test('goes on after a position, and several partitions at a time', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0'])
    const task = await s.take(a, 'a', 'clicks/0')
    await s.write(a, task, {
      frames: [
        ['counts', 0, 'a1'],
        ['counts', 0, 'a2'],
        ['counts', 1, 'b1'],
      ],
    })
    const [first = ''] = positionsOf(await s.read(a, 'counts', 0))
    const [left, right] = await a.readExchanges(
      [
        { exchange: 'counts', partition: 0, after: first },
        { exchange: 'counts', partition: 1, after: '0' },
      ],
      1_000,
    )
    expect([left && textsOf(left), right && textsOf(right)]).toEqual([['a2'], ['b1']])
  })

  test('gives about as many bytes as were asked for, at least one entry, and says whether there are more', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0'])
    const task = await s.take(a, 'a', 'clicks/0')
    await s.write(a, task, {
      frames: [
        ['counts', 0, 'long'],
        ['counts', 0, 'a'],
        ['counts', 0, 'b'],
        ['counts', 0, 'c'],
      ],
    })
    const steps: [string[], boolean][] = []
    for (let [after, isOver] = ['0', false]; !isOver;) {
      const [found] = await a.readExchanges([{ exchange: 'counts', partition: 0, after }], 2)
      if (!found) throw new Error('no answer to a cursor')
      steps.push([textsOf(found), found.atEnd])
      after = positionsOf(found).at(-1) ?? after
      isOver = found.atEnd
    }
    expect(steps).toEqual([
      [['long'], false],
      [['a', 'b'], false],
      [['c'], true],
    ])
  })

  test('brings all of many large partitions, however much one answer holds', async (s) => {
    const exchanges = [{ name: 'counts', partitions: 12, sends: [] }]
    const a = await s.worker('a', { sources: [{ name: 'clicks', sends: ['counts'] }], exchanges })
    await s.found(a, ['0'])
    const task = await s.take(a, 'a', 'clicks/0')
    const large = 'x'.repeat(250_000)
    for (let round = 0; round < 3; round++)
      await s.write(a, task, { frames: Array.from({ length: 12 }, (_, p) => ['counts', p, large] as const) })
    const after = Array.from({ length: 12 }, () => '0')
    const counts = Array.from({ length: 12 }, () => 0)
    for (let rounds = 0; rounds < 20 && counts.some((count) => count < 3); rounds++) {
      const cursors = after.map((position, partition) => ({ exchange: 'counts', partition, after: position }))
      const found = await a.readExchanges(cursors, 500_000)
      found.forEach((each, p) => {
        counts[p] = (counts[p] ?? 0) + each.entries.length
        after[p] = positionsOf(each).at(-1) ?? after[p] ?? '0'
      })
    }
    expect(counts).toEqual(Array.from({ length: 12 }, () => 3))
  })

  test('tells how much waits in each partition, and drops what the reader’s checkpoint has passed', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0'])
    const claimed = await s.claim(a, 'a')
    const [source, reader] = [claimed.find(is('clicks/0')), claimed.find(is('counts/0'))]
    if (!source || !reader) throw new Error('there are both')
    await s.write(a, source, {
      frames: [
        ['counts', 0, 'four'],
        ['counts', 0, 'seven77'],
        ['counts', 1, 'x'],
      ],
    })
    expect(await a.depths(['counts'])).toEqual({ counts: [11, 1] })
    const [first = '', second = ''] = positionsOf(await s.read(a, 'counts', 0))
    const consumed = { exchange: 'counts', partition: 0 }
    await s.write(a, reader, { consumed: { ...consumed, position: '0' } })
    expect(await a.depths(['counts'])).toEqual({ counts: [11, 1] })
    await s.write(a, reader, { consumed: { ...consumed, position: first } })
    expect(await a.depths(['counts'])).toEqual({ counts: [7, 1] })
    expect(textsOf(await s.read(a, 'counts', 0, first))).toEqual(['seven77'])
    expect(textsOf(await s.read(a, 'counts', 0, '0'))).toEqual(['seven77'])
    await s.write(a, reader, { consumed: { ...consumed, position: second } })
    expect(await a.depths(['counts'])).toEqual({ counts: [0, 1] })
    await s.write(a, source, { frames: [['counts', 0, 'new']] })
    expect(textsOf(await s.read(a, 'counts', 0, second))).toEqual(['new'])
  })

  // a reader may be past it for a moment after a failover: what stays so becomes ROLLED_BACK
  test('gives nothing to a reader that is past the end, and takes no checkpoint that has read past it', async (s) => {
    const a = await s.worker('a')
    const reader = await s.take(a, 'a', 'counts/0')
    const code = await codeOf(s.read(a, 'counts', 0, '1000'))
    expect(code === 'BACKPLANE' || code === 'ROLLED_BACK').toBe(true)
    const consumed = { exchange: 'counts', partition: 0, position: '1000' }
    expect(await codeOf(s.write(a, reader, { consumed }))).toBe('ROLLED_BACK')
  })

  test('takes a checkpoint of more frames than one request holds', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0'])
    const task = await s.take(a, 'a', 'clicks/0')
    const large = 'x'.repeat(200_000)
    const frames = Array.from({ length: 20 }, (_, n) => ['counts', n % 2, `${n} ${large}`] as const)
    expect(await s.write(a, task, { frames })).toBe('written')
    const { entries } = await s.read(a, 'counts', 0)
    const after = entries.at(-1)?.position ?? ''
    const rest = await a.readExchanges([{ exchange: 'counts', partition: 0, after }], 4_000_000)
    const texts = [...entries, ...(rest[0]?.entries ?? [])].map(({ bytes }) =>
      String.fromCharCode(...bytes.subarray(0, 3)).trim(),
    )
    expect(texts).toEqual(['0 x', '2 x', '4 x', '6 x', '8 x', '10', '12', '14', '16', '18'])
  })

  const is =
    (task: string) =>
    ({ lease }: { readonly lease: { readonly task: string } }): boolean =>
      lease.task === task
}
