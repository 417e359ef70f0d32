import { vi } from 'vitest'

/** What measures how long something takes: it may jump. */
export function jumpingClock() {
  const real = performance.now.bind(performance)
  let jumped = 0
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => real() + jumped)
  return {
    jump: (ms: number): void => void (jumped += ms),
    [Symbol.dispose]: () => spy.mockRestore(),
  }
}
