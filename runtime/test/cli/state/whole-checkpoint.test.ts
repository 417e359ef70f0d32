import type { Checkpoint } from '@millrace/core'
import { expect, test } from 'vitest'
import { wholeCheckpoint } from '../../../src/cli/state/whole-checkpoint.ts'

const checkpoint = (task: string, seq: number, rest: Partial<Checkpoint>): Checkpoint => ({
  task,
  seq,
  tenure: { run: 'r', epoch: 1, nonce: 'n' },
  takenAt: 0,
  topology: [],
  positions: {},
  engine: {},
  state: [],
  handles: [],
  sinks: {},
  finished: false,
  ...rest,
})

test('takes the last one of a job that is one task', () => {
  const [last, before] = [checkpoint('views', 2, {}), checkpoint('views', 1, {})]
  expect(wholeCheckpoint([last, before], new Set())).toBe(last)
  expect(wholeCheckpoint([], new Set())).toBeUndefined()
})

test('joins states, positions of sources and handles of many tasks', () => {
  const handle = { sink: 'out', id: '1', destination: 'a', data: {} }
  const window = { name: 'views.window', kind: 'window' }
  const whole = wholeCheckpoint(
    [
      checkpoint('views/p0', 5, { positions: { views: { p0: '7' } } }),
      checkpoint('views.window/0', 3, {
        topology: [window],
        positions: { 'views.window': { 0: '9' } },
        handles: [handle],
      }),
      checkpoint('views.window/1', 4, { topology: [window] }),
    ],
    new Set(['views.window']),
  )
  expect(whole).toMatchObject({ seq: 5, topology: [window], positions: { views: { p0: '7' } }, handles: [handle] })
  expect(whole?.positions).not.toHaveProperty('views.window')
})
