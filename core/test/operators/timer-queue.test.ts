import fc from 'fast-check'
import { expect, test } from 'vitest'
import { emptyEntry, type ProcessEntry, type SetTimer } from '../../src/operators/process-state.ts'
import { TimerQueue } from '../../src/operators/timer-queue.ts'
import { runs } from '../support/runs.ts'

function set(queue: TimerQueue, of: ProcessEntry, id: string, at: number): void {
  const timer: SetTimer = { of, id, at }
  of.timers.set(id, timer)
  queue.push(timer)
}

function drain(queue: TimerQueue): string[] {
  const fired: string[] = []
  for (let timer = queue.peek(); timer; timer = queue.peek()) {
    queue.pop()
    timer.of.timers.delete(timer.id)
    fired.push(`${timer.at} ${String(timer.of.key)} ${timer.id}`)
  }
  return fired
}

test('a queue of timers gives the live ones in order of time, key and tag, whatever the order of setting', () => {
  const moves = fc.array(
    fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      id: fc.constantFrom('e', 'e:x', 'e:y'),
      at: fc.nat(20),
      cancel: fc.boolean(),
    }),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(moves, (script) => {
      const queue = new TimerQueue()
      const entries = { a: emptyEntry('a', 0), b: emptyEntry('b', 0), c: emptyEntry('c', 0) }
      for (const { key, id, at, cancel } of script) {
        if (cancel) entries[key].timers.delete(id)
        else set(queue, entries[key], id, at)
      }
      const live = Object.values(entries).flatMap(({ timers }) => [...timers.values()])
      const order = (a: SetTimer, b: SetTimer): number =>
        a.at - b.at || (String(a.of.key) < String(b.of.key) ? -1 : a.of === b.of ? (a.id < b.id ? -1 : 1) : 1)
      expect(drain(queue)).toEqual(live.toSorted(order).map(({ at, of, id }) => `${at} ${String(of.key)} ${id}`))
    }),
    runs(200),
  )
})

test('a queue of timers stays small when the same timers are moved again and again', () => {
  const queue = new TimerQueue()
  const entries = Array.from({ length: 100 }, (_, i) => emptyEntry(`k${i}`, 0))
  for (let at = 0; at < 1000; at++) for (const entry of entries) set(queue, entry, 'e', 1_000_000 + at)
  expect(queue.size).toBeLessThanOrEqual(1025)
  expect(drain(queue)).toHaveLength(100)
})
