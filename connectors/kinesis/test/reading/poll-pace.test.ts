import { expect, test } from 'vitest'
import { PollPace, type PollRate } from '../../src/reading/poll-pace.ts'

const paceOf = (rate: Partial<PollRate>): PollPace =>
  new PollPace({ callsPerSecond: 5, bytesPerSecond: 1_000, idleMs: 1_000, ...rate }, () => 1)

test('asks at full speed while there is a backlog, and seldom at the tip', () => {
  const pace = paceOf({})
  expect(pace.untilDue(0)).toBe(0)
  pace.answered(0, 10, false)
  expect(pace.untilDue(50)).toBe(150)
  pace.answered(200, 10, true)
  expect(pace.untilDue(200)).toBe(1_000)
})

test('keeps the calls a second at the tip, too', () => {
  const pace = paceOf({ idleMs: 10 })
  pace.answered(0, 0, true)
  expect(pace.untilDue(0)).toBe(200)
  const slow = paceOf({ callsPerSecond: 0.5 })
  slow.answered(0, 0, true)
  expect(slow.untilDue(0)).toBe(2_000)
})

test('pays for bytes, and waits for five seconds after 10 MiB', () => {
  const pace = paceOf({})
  pace.answered(0, 3_000, false)
  expect(pace.untilDue(0)).toBe(3_000)
  const fast = paceOf({ bytesPerSecond: 10_000_000 })
  fast.answered(0, 10 * 1024 * 1024, true)
  expect(fast.untilDue(0)).toBe(5_000)
  const free = paceOf({ bytesPerSecond: Infinity, callsPerSecond: Infinity })
  free.answered(0, 10 * 1024 * 1024, false)
  expect(free.untilDue(0)).toBe(0)
})

test('waits longer after each throttle, and begins anew after an answer', () => {
  const pace = paceOf({})
  const waits = Array.from({ length: 6 }, () => {
    pace.throttled(0)
    return pace.untilDue(0)
  })
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000])
  pace.answered(0, 0, false)
  pace.throttled(0)
  expect(pace.untilDue(0)).toBe(500)
})
