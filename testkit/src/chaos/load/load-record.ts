import { type LoadPlan, outOfOrdernessMs } from './load-plan.ts'

/** What the load consists of. */
export interface LoadRecord {
  /** The same for records that are repeats of one another. */
  readonly id: string
  readonly key: string
  readonly group: string
  readonly weight: number
  /** Event time, in ms since 1970. */
  readonly at: number
}

const keys = 200
const groups = 12
const lateShare = 0.003
const repeatedShare = 0.03
// together less than the out-of-orderness, so that no repeat is late where the first was not
const mostJitterMs = 500
const mostRepeatMs = 400

/** The record of a lane at a slot: the same in every life, whichever shard the lane belongs to. */
export function loadRecord(plan: LoadPlan, lane: number, slot: number): LoadRecord {
  const own = draw(plan, lane, slot)
  if (own(0) >= repeatedShare) return made(plan, lane, slot)
  const [repeated, before] = [Math.floor(own(1) * plan.lanes), 1 + Math.floor((own(2) * mostRepeatMs) / plan.stepMs)]
  const other = draw(plan, repeated, slot - before)
  const isSimple = slot >= before && other(0) >= repeatedShare && !isLate(other)
  return isSimple ? made(plan, repeated, slot - before) : made(plan, lane, slot)
}

/** Numbers from 0 up to, not including, 1. */
type Draw = (salt: number) => number

function made(plan: LoadPlan, lane: number, slot: number): LoadRecord {
  const own = draw(plan, lane, slot)
  const behindMs = isLate(own) ? 3 * outOfOrdernessMs + own(4) * 4_000 : own(4) * mostJitterMs
  const key = Math.floor(own(5) ** 2 * keys)
  return {
    id: `${lane}.${slot}`,
    key: `key-${key}`,
    group: groupOf(key),
    weight: Math.floor(own(6) * 100),
    at: Math.floor(plan.startedAt + slot * plan.stepMs - behindMs),
  }
}

const isLate = (own: Draw): boolean => own(3) < lateShare

/** The group of a key, by its number. */
const groupOf = (key: number): string => `group-${key % groups}`

/** The group of a key, by its name. */
export const groupOfKey = (key: string): string => groupOf(Number(key.slice('key-'.length)))

const draw =
  ({ seed }: LoadPlan, lane: number, slot: number): Draw =>
  (salt) =>
    mix(mix(mix(mix(seed) ^ lane) ^ slot) ^ salt) / 2 ** 32

/** A number of 32 bits that tells nothing of the one it is made of. */
function mix(value: number): number {
  let mixed = (value + 0x9e3779b9) >>> 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
