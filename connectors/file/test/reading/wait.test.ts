import { expect, test } from 'vitest'
import { wait } from '../../src/reading/wait.ts'

test('waits longer than any timer, until the signal fires', async () => {
  const stop = new AbortController()
  let isOver = false
  const waiting = wait(2 ** 40, stop.signal).then(() => (isOver = true))
  // a timer that is too long fires after a millisecond
  await wait(20, stop.signal)
  expect(isOver).toBe(false)
  stop.abort()
  await waiting
})
