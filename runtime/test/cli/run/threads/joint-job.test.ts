import { MillraceError } from '@millrace/core'
import { expect, test } from 'vitest'
import { jointJob } from '../../../../src/cli/run/threads/joint-job.ts'
import type { Job, Summary } from '../../../../src/start.ts'
import type { Progress } from '../../../../src/worker/progress.ts'

const nothing: Progress = {
  job: 'views',
  state: 'running',
  elapsedMs: 1_000,
  records: 0,
  recordsPerSecond: 0,
  written: 0,
  watermark: undefined,
  lagMs: undefined,
  deadLetters: 0,
  late: 0,
  checkpoint: 0,
  checkpoints: 0,
  stateBytes: 0,
  partitions: 0,
  nodes: {},
}

/** A job that ends when the test says so, or when it is stopped. */
class HandJob implements Job {
  readonly name = 'views'
  readonly finished: Promise<Summary>
  readonly #progress: Progress
  isStopped = false
  end: (ending: Summary['ending']) => void = () => {}
  fail: (error: unknown) => void = () => {}

  constructor(progress: Partial<Progress> = {}) {
    this.#progress = { ...nothing, ...progress }
    this.finished = new Promise((resolve, reject) => {
      this.end = (ending) => resolve({ ...this.#progress, ending })
      this.fail = reject
    })
  }

  async stop(): Promise<Summary> {
    this.isStopped = true
    this.end('stopped')
    return this.finished
  }

  progress(): Progress {
    return this.#progress
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

test('adds up what its workers do', async () => {
  const one = new HandJob({ records: 5, written: 2, watermark: 7, lagMs: 10, checkpoint: 3, nodes: { a: 1, b: 2 } })
  const two = new HandJob({ records: 6, elapsedMs: 2_000, watermark: 4, partitions: 1, nodes: { b: 5 } })
  expect(jointJob([one, two]).progress()).toEqual({
    ...nothing,
    records: 11,
    written: 2,
    elapsedMs: 2_000,
    watermark: 4,
    lagMs: 10,
    checkpoint: 3,
    partitions: 1,
    nodes: { a: 1, b: 7 },
  })
})

test('ends when all have ended', async () => {
  const [one, two] = [new HandJob(), new HandJob()]
  const job = jointJob([one, two])
  one.end('nothing new')
  two.end('finished')
  expect(await job.finished).toMatchObject({ ending: 'finished' })
  expect([one.isStopped, two.isStopped]).toEqual([false, false])
})

test('one stop stops all of them', async () => {
  const [one, two] = [new HandJob(), new HandJob()]
  expect(await jointJob([one, two]).stop()).toMatchObject({ ending: 'stopped' })
  expect([one.isStopped, two.isStopped]).toEqual([true, true])
})

test('one that fails takes the others with it', async () => {
  const [one, two] = [new HandJob(), new HandJob()]
  const job = jointJob([one, two])
  one.fail(new Error('no b'))
  await expect(job.finished).rejects.toThrow('no b')
  expect(two.isStopped).toBe(true)
})

test('of several failures it is that with the greatest exit code', async () => {
  const [one, two] = [new HandJob(), new HandJob()]
  const job = jointJob([one, two])
  one.stop = two.stop = () => new Promise(() => {})
  one.fail(new MillraceError('SINK', 'a sink'))
  two.fail(new MillraceError('CHANGED_TOPOLOGY', 'another topology'))
  await expect(job.finished).rejects.toThrow('another topology')
})
