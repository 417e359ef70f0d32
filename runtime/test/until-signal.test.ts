import { EventEmitter } from 'node:events'
import { from, topology } from '@millrace/core'
import { expect, test } from 'vitest'
import { type Job, start } from '../src/start.ts'
import { untilSignal } from '../src/until-signal.ts'
import { systemWorld } from '../src/world.ts'
import { MemoryLog } from './support/memory-log.ts'
import { MemorySink } from './support/memory-sink.ts'

class Process extends EventEmitter {
  readonly exits: number[] = []

  exit(code: number): void {
    this.exits.push(code)
  }
}

const endless = (): Job =>
  start(
    topology('endless')
      .sources(() => ({ clicks: from(new MemoryLog<object>(systemWorld).source) }))
      .build(({ clicks }) => ({ out: clicks.to(new MemorySink<object>().sink) })),
  )

test.each(['SIGTERM', 'SIGINT'])('stops in good order on %s', async (signal) => {
  const process = new Process()
  const ended = untilSignal(endless(), process)
  process.emit(signal)
  expect(await ended).toMatchObject({ ending: 'stopped' })
  expect(process.exits).toEqual([])
  expect(process.listenerCount(signal)).toBe(0)
})

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
])('exits at once on a second signal: %s', async (signal, code) => {
  const process = new Process()
  const ended = untilSignal(endless(), process)
  process.emit('SIGTERM')
  process.emit(signal)
  expect(process.exits).toEqual([code])
  await ended
})
