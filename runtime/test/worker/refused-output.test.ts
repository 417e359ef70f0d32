import { from, type OnError, type Sink, topology } from '@millrace/core'
import { scripted } from '@millrace/core/testing'
import { expect, test } from 'vitest'
import { embeddedBackplane } from '../../src/backplane/embedded/embedded-backplane.ts'
import { run } from '../../src/start.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Writes even numbers; odd ones are more than it can take. */
const evenOnly = (written: number[]): Sink<number> => ({
  kind: 'even',
  description: 'evenOnly()',
  guarantee: 'at-least-once',
  open: async ({ refuse }) => ({
    write({ values, times }) {
      values.forEach((value, i) => {
        if (value % 2 === 0) written.push(value)
        else refuse({ value, time: times[i] ?? 0, error: new RangeError(`${value} is odd`) })
      })
    },
    prepare: async () => ({ handles: [] }),
    commit: async () => [],
    abort: async () => {},
    close: async () => {},
  }),
})

const evens = (written: number[], onError: OnError) =>
  topology('evens')
    .sources(() => ({ numbers: from(scripted<number>({ partitions: { p: [1, 2, 3, 4] } })) }))
    .build(({ numbers }) => ({ evens: numbers.to(evenOnly(written), { onError }) }))

test('keeps what a sink cannot write as dead letters, and writes the rest', async () => {
  const state = `${temporaryFolder()}/state.db`
  const written: number[] = []
  const { deadLetters } = await run(evens(written, 'deadLetter'), { state })
  expect(written).toEqual([2, 4])
  expect(deadLetters).toBe(2)
  const backplane = embeddedBackplane({ path: state })
  const letters = await backplane.deadLetters({ limit: 10 })
  await backplane.close()
  expect(letters.map(({ node, message, bytes }) => [node, message, new TextDecoder().decode(bytes)])).toEqual([
    ['evens', '1 is odd', '1'],
    ['evens', '3 is odd', '3'],
  ])
})

test('skips what a sink cannot write where the topology says so', async () => {
  const written: number[] = []
  expect(await run(evens(written, 'skip'))).toMatchObject({ deadLetters: 0 })
  expect(written).toEqual([2, 4])
})

test('fails the job where the topology says so, naming the sink', async () => {
  await expect(run(evens([], 'fail'))).rejects.toThrow(/sink evens: cannot write a record .*1 is odd/)
})
