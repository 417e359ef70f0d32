import type { ClusterStatus, TaskInfo, WorkerInfo } from '@millrace/core'
import { expect, test } from 'vitest'
import { statusJson } from '../../../src/cli/status/status-json.ts'
import { statusReport } from '../../../src/cli/status/status-report.ts'
import { statusText } from '../../../src/cli/status/status-text.ts'

const now = Date.UTC(2026, 10, 26, 10)

const worker = (name: string, rest: Partial<WorkerInfo> = {}): WorkerInfo => ({
  worker: name,
  tasks: 2,
  recordsPerSecond: 1_500,
  backlog: 0,
  isDraining: false,
  ...rest,
})

const task = (name: string, rest: Partial<TaskInfo> = {}): TaskInfo => ({
  task: name,
  state: 'ready',
  owner: 'w1',
  epoch: 1,
  expiresInMs: 8_000,
  seq: 7,
  takenAt: now - 400,
  watermark: undefined,
  ...rest,
})

const status = (rest: Partial<ClusterStatus> = {}): ClusterStatus => ({
  run: 'r.1',
  now,
  workers: [worker('w1')],
  tasks: [task('clicks/s0', { watermark: now - 5_000 }), task('views/0'), task('views/1')],
  exchanges: [{ exchange: 'views', depths: [0, 2_048], watermark: now - 6_000 }],
  finished: false,
  ...rest,
})

const report = (rest: Partial<ClusterStatus> = {}) =>
  statusReport('page-views', 'redis://localhost:6379', status(rest), { oldMs: 60_000, fullBytes: 4_096 })

const problems = (rest: Partial<ClusterStatus>) => report(rest).problems.map(({ kind, task: of }) => [kind, of])

test('adds up workers, tasks and exchanges', () => {
  const tasks = [
    task('a/0'),
    task('a/1', { state: 'waiting', owner: undefined }),
    task('a/2', { state: 'done', owner: undefined }),
  ]
  const workers = [worker('w1', { backlog: 10 }), worker('w2')]
  expect(report({ tasks, workers }).totals).toEqual({
    workers: 2,
    recordsPerSecond: 3_000,
    backlog: 10,
    tasks: 3,
    owned: 1,
    waiting: 1,
    done: 1,
    exchangeBytes: 2_048,
  })
})

test('has no problems while all tasks run and nothing piles up', () => expect(problems({})).toEqual([]))

test('names tasks that nobody runs, and those whose owner gives no sign of life', () => {
  const tasks = [
    task('a/0', { owner: undefined }),
    task('a/1', { owner: 'dead' }),
    task('a/2', { expiresInMs: -10 }),
    task('a/3', { owner: undefined, state: 'done' }),
    task('a/4', { owner: undefined, state: 'waiting' }),
  ]
  expect(problems({ tasks })).toEqual([
    ['no owner', 'a/0'],
    ['dead owner', 'a/1'],
    ['dead owner', 'a/2'],
  ])
})

test('says once that there are no workers', () => {
  expect(report({ workers: [], tasks: [task('a/0', { owner: undefined }), task('a/1')] }).problems).toEqual([
    { kind: 'no workers', text: 'nobody runs the job; 2 tasks wait for somebody' },
  ])
})

test('says that workers wait for a job that was begun anew under them', () => {
  expect(problems({ tasks: [], exchanges: [] })).toEqual([['no tasks', undefined]])
})

test('an old checkpoint is a problem while something waits for the task, and only then', () => {
  const takenAt = now - 61_000
  const tasks = [task('clicks/s0', { takenAt }), task('views/0', { takenAt }), task('views/1', { takenAt })]
  expect(problems({ tasks })).toEqual([['old checkpoint', 'views/1']])
  expect(problems({ tasks, workers: [worker('w1', { backlog: 5 })] })).toEqual([
    ['old checkpoint', 'clicks/s0'],
    ['old checkpoint', 'views/1'],
  ])
})

test('names partitions of exchanges that are full', () => {
  expect(problems({ exchanges: [{ exchange: 'views', depths: [4_096, 4_095, 9_999], watermark: undefined }] })).toEqual(
    [
      ['full exchange', 'views/0'],
      ['full exchange', 'views/2'],
    ],
  )
})

test('a job that has finished has no problems', () => {
  expect(problems({ finished: true, workers: [], tasks: [task('a/0', { owner: undefined, state: 'done' })] })).toEqual(
    [],
  )
})

test('shows sums, problems, and then all there is, line by line', () => {
  const tasks = [
    task('clicks/s0', { watermark: now - 5_000 }),
    task('views/0'),
    task('views/1', { owner: undefined, seq: 0, takenAt: undefined }),
  ]
  expect(statusText(report({ tasks, workers: [worker('w1', { isDraining: true })] }))).toBe(`\
job        page-views at redis://localhost:6379, run r.1
at         2026-11-26 10:00:00Z: 1 problem
workers    1, 1,500 records/s, backlog 0
tasks      3: 2 run, 0 wait for others, 0 done
exchanges  2.0 KiB wait

problem   task
no owner  views/1  nobody runs it

worker  tasks  records/s  backlog
w1          2      1,500        0  gives its tasks away

source  partitions  read  waiting  ended  watermark             lag
clicks           1     1        0      0  2026-11-26 09:59:55Z   5s

exchange  partitions    waits     most  in  watermark             lag
views              2  2.0 KiB  2.0 KiB   1  2026-11-26 09:59:54Z   6s

task       state  owner  epoch  lease  checkpoint    age  watermark             lag
views/1    ready  -          1      -           -      -  -                       -
clicks/s0  runs   w1         1     8s           7  400ms  2026-11-26 09:59:55Z   5s
views/0    runs   w1         1     8s           7  400ms  -                       -
`)
})

test('cuts long lists, those that are done first, unless all is asked for', () => {
  const done = Array.from({ length: 50 }, (_, i) => task(`a/${i}`, { state: 'done', owner: undefined }))
  const some = statusText(report({ tasks: [...done, task('b/0')] }))
  expect(some).toContain('\nb/0 ')
  expect(some).not.toContain('\na/49 ')
  expect(some).toContain('… and 11 more: --all shows them\n')
  expect(statusText(report({ tasks: done }), true)).toContain('\na/49 ')
})

test('is JSON with moments as text, and null for what is not known', () => {
  const tasks = [task('clicks/s0', { owner: undefined, takenAt: undefined, watermark: -Infinity })]
  const json = JSON.parse(JSON.stringify(statusJson(report({ tasks })))) as object
  expect(json).toMatchObject({
    job: 'page-views',
    now: '2026-11-26T10:00:00.000Z',
    totals: { tasks: 1 },
    problems: [{ kind: 'no owner', task: 'clicks/s0' }],
    workers: [{ worker: 'w1', recordsPerSecond: 1_500 }],
    sources: [{ source: 'clicks', watermark: null, lagMs: null }],
    exchanges: [
      {
        exchange: 'views',
        bytes: 2_048,
        fullest: { partition: 1, bytes: 2_048 },
        watermark: '2026-11-26T09:59:54.000Z',
      },
    ],
    tasks: [{ task: 'clicks/s0', owner: null, takenAt: null, ageMs: null, watermark: null }],
  })
})
