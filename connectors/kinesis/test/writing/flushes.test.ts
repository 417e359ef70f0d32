import fc from 'fast-check'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Flushes } from '../../src/writing/flushes.ts'

/** `begin`, `ask`, or the end of one of those that have begun. */
const step = fc.oneof(fc.constant('begin' as const), fc.constant('ask' as const), fc.nat(20))

test('each is done when all is that had begun before it, in whatever order they end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const flushes = new Flushes()
      const running = new Map<number, number>()
      const asked: { readonly waitsFor: ReadonlySet<number>; isDone: boolean }[] = []
      for (const [id, each] of steps.entries()) {
        if (each === 'begin') running.set(id, flushes.begin())
        else if (each === 'ask') {
          const flush = { waitsFor: new Set(running.keys()), isDone: false }
          asked.push(flush)
          void flushes.ask().then(() => (flush.isDone = true))
        } else {
          const [ended, begun] = [...running][each] ?? []
          if (ended === undefined || begun === undefined) continue
          running.delete(ended)
          flushes.end(begun)
        }
        await nextTurn()
        const mayBeDone = ({ waitsFor }: (typeof asked)[number]): boolean =>
          [...waitsFor].every((id) => !running.has(id))
        expect(asked.map(({ isDone }) => isDone)).toEqual(asked.map(mayBeDone))
        expect(flushes.isWaiting).toBe(asked.some(({ isDone }) => !isDone))
      }
    }),
    { numRuns: 200 },
  )
})

test('nobody waits any more when it is cleared', async () => {
  const flushes = new Flushes()
  flushes.begin()
  const first = flushes.ask()
  flushes.begin()
  const second = flushes.ask()
  flushes.clear()
  await Promise.all([first, second])
  expect(flushes.isWaiting).toBe(false)
})
