import type { World } from '../../world.ts'

/** Calls again and again, `ms` after the call before. @returns what ends it */
export function every(ms: number, world: World, call: () => void): () => void {
  let cancel = world.timer(ms, fire)
  function fire(): void {
    cancel = world.timer(ms, fire)
    call()
  }
  return () => cancel()
}
