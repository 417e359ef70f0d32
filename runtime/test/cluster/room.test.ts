import { expect, test } from 'vitest'
import { Room } from '../../src/cluster/room.ts'
import { ManualWorld } from '../support/manual-world.ts'

const roomOf = (depths: Record<string, number[]>) => {
  const calls: string[][] = []
  const world = new ManualWorld()
  const backplane = {
    depths: async (exchanges: readonly string[]) => {
      calls.push([...exchanges])
      return structuredClone(depths)
    },
  }
  return { room: new Room(backplane, world, ['a', 'b'], 100), world, calls }
}

test('there is room as long as every partition of every exchange is below the limit', async () => {
  const depths = { a: [0, 99], b: [100] }
  const { room } = roomOf(depths)
  expect(await room.has(['a'])).toBe(true)
  expect(await room.has(['a', 'b'])).toBe(false)
  expect(await room.has([])).toBe(true)
})

test('all tasks of a worker share one question for a while', async () => {
  const depths = { a: [0], b: [0] }
  const { room, world, calls } = roomOf(depths)
  await Promise.all([room.has(['a']), room.has(['b']), room.has(['a', 'b'])])
  expect(calls).toEqual([['a', 'b']])
  depths.a[0] = 100
  expect(await room.has(['a'])).toBe(true)
  await world.advance(20)
  expect(await room.has(['a'])).toBe(false)
  expect(calls).toHaveLength(2)
})

test('nothing is sent while nobody answers, and the question is asked again', async () => {
  const world = new ManualWorld()
  let isAway = true
  const depths = async (): Promise<{ a: number[] }> => {
    if (isAway) throw new Error('away')
    return { a: [0] }
  }
  const room = new Room({ depths }, world, ['a'], 100)
  expect(await room.has(['a'])).toBe(false)
  isAway = false
  expect(await room.has(['a'])).toBe(true)
})
