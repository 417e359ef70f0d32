import { expect, test } from 'vitest'
import type { Entry } from '../../src/writing/entry.ts'
import { Lane } from '../../src/writing/lane.ts'

const entry = (partitionKey: string, addedAt: number): Entry => ({
  partitionKey,
  explicitHashKey: undefined,
  data: new Uint8Array(1),
  bytes: 2,
  addedAt,
  hash: '',
  done: undefined,
  failed: undefined,
  flush: 0,
  attempts: undefined,
})

test('its oldest entry is that which was added first, also where one that came later goes before it', () => {
  const options = {
    recordsPerSecond: Infinity,
    bytesPerSecond: Infinity,
    aggregateBytes: undefined,
    aggregateCount: 1,
    keepsOrder: true,
  }
  const lane = new Lane('shard', options, { records: 0, bytes: 0, throttled: 0 }, 0)
  lane.add(entry('a', 1))
  const first = lane.take(5, Infinity)!
  lane.add(entry('b', 2))
  lane.add(entry('a', 3))
  // what has waited for its key goes first
  lane.settled(first)
  expect(lane.oldest).toBe(2)
})
