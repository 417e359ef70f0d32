import { from, topology } from '@millrace/core'
import { collecting, scripted } from '@millrace/core/testing'
import { expect, test } from 'vitest'
import { jsonLogger } from '../../../src/cli/run/json-logger.ts'
import { jsonReporter } from '../../../src/cli/run/json-reporter.ts'
import { start } from '../../../src/start.ts'
import { ManualWorld } from '../../support/manual-world.ts'

const words = topology('words')
  .sources(() => ({ words: from(scripted({ partitions: { p0: ['a', 'b', 'c'] } })) }))
  .build((streams) => ({ out: streams.words.to(collecting()) }))

const reporting = () => {
  const world = new ManualWorld()
  const lines: { readonly [name: string]: unknown }[] = []
  const err = (line: string): unknown => lines.push(JSON.parse(line) as { readonly [name: string]: unknown })
  return { world, lines, reporter: jsonReporter(jsonLogger('words', 'info', { err, world }), world) }
}

test('says every ten seconds how far the job is, until its end', async () => {
  const { world, lines, reporter } = reporting()
  const job = start(words)
  reporter.follow(job)
  await job.finished
  await world.advance(25_000)
  reporter.end()
  await world.advance(25_000)
  expect(lines).toMatchObject([
    { level: 'info', time: '2026-01-01T00:00:10.000Z', job: 'words', msg: 'progress', records: 3, written: 3 },
    { level: 'info', time: '2026-01-01T00:00:20.000Z', job: 'words', msg: 'progress', deadLetters: 0 },
  ])
})

test('says an error once', () => {
  const { lines, reporter } = reporting()
  const error = new Error('no')
  reporter.log.child({ sink: 'out' }).error({ err: error }, 'failed for good')
  reporter.failed(error)
  reporter.failed(new Error('another'))
  expect(lines).toMatchObject([
    { level: 'error', sink: 'out', msg: 'failed for good', err: { message: 'no' } },
    { level: 'error', msg: 'failed', err: { message: 'another' } },
  ])
})
