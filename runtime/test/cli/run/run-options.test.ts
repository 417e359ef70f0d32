import { expect, test } from 'vitest'
import { resolveRunOptions, type RunOptions } from '../../../src/cli/run/run-options.ts'

const given: RunOptions = { set: [], drop: [], checkpointEvery: '1s', workers: 1 }
const resolve = (options: Partial<RunOptions> = {}) =>
  resolveRunOptions({ ...given, ...options }, 'views', { stderr: { write: () => true }, cwd: '/here', env: {} })
const redis = { state: 'redis://user:hunter2@localhost' }

test('keeps state in the file of the job, unless told otherwise', () => {
  expect(resolve()).toMatchObject({ state: { type: 'file', path: '.millrace/views.db' }, where: '.millrace/views.db' })
  expect(resolve({ state: 'memory' })).toMatchObject({ state: { type: 'memory' }, where: undefined })
})

test('shares a job on a Redis', () => {
  const options = {
    partitions: 64,
    exchangeEvery: '50ms',
    worker: 'w1',
    stateStore: 'file:state',
    lease: '5s',
    durability: 'aof',
  }
  expect(resolve({ ...redis, ...options })).toMatchObject({
    where: 'redis://localhost:6379',
    stateStore: { type: 'file', dir: '/here/state' },
    leaseMs: 5_000,
    durability: { aof: true },
    cluster: { worker: 'w1', partitions: 64, exchangeEvery: 50 },
  })
  expect(resolve(redis)).toMatchObject({
    leaseMs: 10_000,
    durability: 'auto',
    cluster: {},
    stateStore: { type: 'redis' },
  })
})

test.for([
  ['worker', { worker: 'w1' }],
  ['partitions', { partitions: 4 }],
  ['exchange-every', { exchangeEvery: '1s' }],
  ['state-store', { stateStore: 'redis' }],
  ['durability', { durability: 'none' }],
] as const)('--%s is for workers that share a job', ([name, options]) => {
  expect(() => resolve(options)).toThrow(`--${name}: is for workers that share a job`)
  expect(() => resolve({ ...redis, ...options })).not.toThrow()
})

test('several workers share a job on a Redis, or are threads of one', () => {
  expect(resolve({ workers: 2 })).toMatchObject({ workers: 2, state: { type: 'file' } })
  expect(resolve({ ...redis, workers: 2 })).toMatchObject({ workers: 2 })
})

test('refuses what is out of range', () => {
  expect(() => resolve({ ...redis, partitions: 5_000 })).toThrow('--partitions: must be at most 4096')
  expect(() => resolve({ ...redis, worker: '' })).toThrow('--worker: must be a name')
  expect(() => resolve({ lease: '50ms' })).toThrow('--lease: must be 100ms or longer')
  expect(() => resolve({ lease: 'long' })).toThrow('--lease: "long" is not a duration')
})
