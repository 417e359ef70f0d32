import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { balance, type HeldTask } from '../../src/cluster/balance.ts'

/** Workers by name with the rates of their tasks. */
type Cluster = Map<string, number[]>

const infoOf = (cluster: Cluster) =>
  [...cluster].map(([worker, rates]) => ({
    worker,
    tasks: rates.length,
    recordsPerSecond: rates.reduce((a, b) => a + b, 0),
    backlog: 0,
    isDraining: false,
  }))

const heldOf = (worker: string, rates: readonly number[]): HeldTask[] =>
  rates.map((recordsPerSecond, i) => ({ task: `${worker}/${i}`, recordsPerSecond }))

/** One heartbeat of each worker in turn; what is asked for arrives with the next one. */
function round(cluster: Cluster, free: number[], asks: Map<string, string[]>): number {
  let moved = 0
  for (const [worker, rates] of cluster) {
    const tasks = [...cluster.values()].reduce((sum, held) => sum + held.length, 0) + free.length
    const reply = { workers: infoOf(cluster), tasks, free: free.length, asks: asks.get(worker) ?? [] }
    asks.delete(worker)
    const held = heldOf(worker, rates)
    const moves = balance(worker, held, reply)
    for (const { task, to } of moves.give) {
      const at = held.findIndex((each) => each.task === task)
      const [rate = 0] = rates.splice(at, 1)
      held.splice(at, 1)
      cluster.get(to)?.push(rate)
      moved++
    }
    while (rates.length < moves.share && free.length > 0) rates.push(free.pop() ?? 0)
    if (moves.ask !== undefined) asks.set(moves.ask, [...(asks.get(moves.ask) ?? []), worker])
  }
  return moved
}

const settle = (cluster: Cluster, free: number[]): number => {
  const asks = new Map<string, string[]>()
  let moved = 0
  for (let i = 0; i < 200; i++) moved = round(cluster, free, asks)
  return moved
}

describe('balance', () => {
  test('every worker takes free tasks up to an equal share', () => {
    const cluster: Cluster = new Map([
      ['a', []],
      ['b', []],
    ])
    const reply = { workers: infoOf(cluster), tasks: 7, free: 7, asks: [] }
    expect(balance('a', [], reply)).toEqual({ share: 4, free: 7, ask: undefined, give: [] })
  })

  test('a worker that has just come asks the one with most tasks', () => {
    const cluster: Cluster = new Map([
      ['a', [1, 1, 1]],
      ['b', [1, 1, 1, 1]],
      ['c', []],
    ])
    const reply = { workers: infoOf(cluster), tasks: 7, free: 0, asks: [] }
    expect(balance('c', [], reply).ask).toBe('b')
  })

  test('who is asked gives tasks until both have as many', () => {
    const cluster: Cluster = new Map([
      ['a', [0, 0, 0, 0, 0]],
      ['b', []],
    ])
    const reply = { workers: infoOf(cluster), tasks: 5, free: 0, asks: ['b'] }
    expect(balance('a', heldOf('a', [0, 0, 0, 0, 0]), reply).give).toHaveLength(2)
  })

  test('nobody gives its only task, nor one that would only move the trouble', () => {
    const one: Cluster = new Map([
      ['a', [5000]],
      ['b', [100]],
    ])
    const only = { workers: infoOf(one), tasks: 2, free: 0, asks: ['b'] }
    expect(balance('a', heldOf('a', [5000]), only).give).toEqual([])
    const hot: Cluster = new Map([
      ['a', [5000, 200]],
      ['b', [100]],
    ])
    const reply = { workers: infoOf(hot), tasks: 3, free: 0, asks: ['b'] }
    expect(balance('a', heldOf('a', [5000, 200]), reply).give).toEqual([{ task: 'a/1', to: 'b' }])
  })

  test('a worker that drains takes nothing, and is not asked for its share', () => {
    const workers = infoOf(new Map([['a', []]])).map((info) => ({ ...info, isDraining: true }))
    expect(balance('a', [], { workers, tasks: 3, free: 3, asks: [] }).share).toBe(0)
  })

  test('any cluster comes to rest, and then no worker has two tasks more than another when nothing is measured', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 6 }), fc.nat(30), (counts, free) => {
        const cluster: Cluster = new Map(counts.map((count, i) => [`w${i}`, Array.from({ length: count }, () => 0)]))
        const left = Array.from({ length: free }, () => 0)
        expect(settle(cluster, left)).toBe(0)
        expect(left).toEqual([])
        const held = [...cluster.values()].map((rates) => rates.length)
        expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('any cluster comes to rest by measured load, and loses no task on the way', () => {
    const rates = fc.array(fc.integer({ min: 0, max: 10_000 }), { maxLength: 12 })
    fc.assert(
      fc.property(fc.array(rates, { minLength: 1, maxLength: 6 }), (held) => {
        const cluster: Cluster = new Map(held.map((each, i) => [`w${i}`, [...each]]))
        expect(settle(cluster, [])).toBe(0)
        const after = [...cluster.values()].flat()
        expect(after.toSorted((a, b) => a - b)).toEqual(held.flat().toSorted((a, b) => a - b))
      }),
    )
  })
})
