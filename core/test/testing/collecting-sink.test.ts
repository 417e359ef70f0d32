import type { Handle, SinkContext, Tenure } from '@millrace/core'
import { collecting, sinkConformance, type CollectingSink } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'

describe('the collecting sink', () => {
  sinkConformance<number>({
    test,
    expect,
    guarantee: 'exactly-once',
    create: async () => {
      const sink = collecting<number>()
      return { sink, record: (n) => n, visible: async () => [...sink.committed] }
    },
    skip: {
      'hands on a record that can never be written, and writes the rest': 'it takes any value',
      'connects nowhere before it is opened': 'there is nothing to connect to',
      'says when prepared output is lost': 'what lies in memory cannot be lost',
    },
  })

  const tenure = (epoch: number, nonce = `n${epoch}`): Tenure => ({ run: 'run', epoch, nonce })
  const context = (sink: string, by: Tenure): SinkContext => ({
    job: 'job',
    sink,
    task: 'task',
    tenure: by,
    clock: { now: () => 0 },
    signal: new AbortController().signal,
    refuse: () => {},
    state: undefined,
  })

  async function prepared<T>(sink: CollectingSink<T>, name: string, by: Tenure, value: T): Promise<readonly Handle[]> {
    const writer = await sink.open(context(name, by))
    await writer.write({ length: 1, values: [value], times: new Float64Array(1) })
    return (await writer.prepare(1)).handles
  }

  test('keeps what another sink of the topology prepared in the same object', async () => {
    const sink = collecting<string>()
    const handles = await prepared(sink, 'left', tenure(1), 'of left')
    const right = await sink.open(context('right', tenure(2)))
    await right.abort({ before: 2, except: [] })
    expect(await right.commit(handles)).toEqual(['committed'])
    expect(sink.committed).toEqual(['of left'])
  })

  test('removes what a tenure of an older epoch prepared, also one whose id begins with its own', async () => {
    const sink = collecting<string>()
    const own = await prepared(sink, 'out', { run: 'run', epoch: 2, nonce: 'a' }, 'own')
    const older = await prepared(sink, 'out', { run: 'run', epoch: 1, nonce: 'b' }, 'older')
    const newer = await prepared(sink, 'out', { run: 'run', epoch: 2, nonce: 'ab' }, 'newer')
    const writer = await sink.open(context('out', { run: 'run', epoch: 2, nonce: 'a' }))
    await writer.abort({ before: 2, except: [] })
    expect(await writer.commit([...own, ...older, ...newer])).toEqual(['committed', 'lost', 'committed'])
  })

  test('says lost of a handle that it never made', async () => {
    const writer = await collecting<string>().open(context('out', tenure(1)))
    expect(await writer.commit([{ sink: 'out', id: 'out/run-1-x/9', destination: 'memory', data: 1 }])).toEqual([
      'lost',
    ])
  })
})
