import { expect, test } from 'vitest'
import { entriesOf } from '../../src/writing/carrier.ts'
import type { Entry } from '../../src/writing/entry.ts'
import { recordKeyOf } from '../../src/writing/record-key.ts'
import { Lane, type LaneOptions } from '../../src/writing/lane.ts'

const entry = (partitionKey: string, addedAt: number): Entry => ({
  key: recordKeyOf(partitionKey, undefined),
  slab: Buffer.alloc(1),
  start: 0,
  end: 1,
  bytes: 2,
  shardId: '',
  members: undefined,
  addedAt,
  done: undefined,
  failed: undefined,
  value: undefined,
  time: 0,
  flush: 0,
  attempts: undefined,
  isAlone: false,
})

const optionsOf = (keepsOrder: boolean): LaneOptions => ({
  recordsPerSecond: Infinity,
  bytesPerSecond: Infinity,
  aggregateBytes: undefined,
  aggregateCount: 1,
  keepsOrder,
})

const laneOf = (keepsOrder = false): Lane =>
  new Lane('shard', optionsOf(keepsOrder), { records: 0, bytes: 0, throttled: 0 }, 0)

test('its oldest entry is that which was added first, also where one that came later goes before it', () => {
  const lane = laneOf(true)
  lane.add(entry('a', 1))
  const first = lane.take(5, Infinity, true)!
  lane.add(entry('b', 2))
  lane.add(entry('a', 3))
  // what has waited for its key goes first
  lane.settled(first)
  expect(lane.oldest).toBe(2)
})

test('those that have waited hold no other memory than their own', () => {
  const lane = laneOf(true)
  const slab = Buffer.from(new Uint8Array(1_000).fill(7))
  const entries = ['a', 'a', 'b', 'c'].map((key, i) => ({ ...entry(key, i), slab, start: i, end: i + 2 }))
  for (const each of entries) lane.add(each)
  // the first one comes back
  lane.refused(entriesOf(lane.take(10, Infinity, true)!), 10, 0)
  lane.compact(2)
  expect(entries.map((each) => each.slab.length)).toEqual([2, 2, 2, 1_000])
  expect(entries.map((each) => [...each.slab.subarray(each.start, each.end)])).toEqual(entries.map(() => [7, 7]))
})

test('requests that meet one trouble together are one failure', () => {
  const lane = laneOf()
  for (let at = 0; at < 8; at++) lane.refused([entry('a', at)], at, 1)
  expect(lane.untilOpen(0)).toBeLessThanOrEqual(100)
  // the next one takes twice as long
  lane.refused([entry('a', 0)], 100, 1)
  expect(lane.untilOpen(100)).toBeGreaterThanOrEqual(100)
  expect(lane.untilOpen(100)).toBeLessThanOrEqual(200)
})
