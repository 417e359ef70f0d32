import { list, mapState, value, type MapState, type StateSpec, type ValueState } from '@millrace/core'
import { expect, expectTypeOf, test } from 'vitest'

test('a piece of state is data: its kind, version and life time', () => {
  expect(value<number>()).toEqual({ kind: 'value', version: 1 })
  expect(list<string>({ version: 3 })).toEqual({ kind: 'list', version: 3 })
  expect(mapState<string, number>({ ttl: '1h' })).toEqual({ kind: 'map', version: 1, ttlMs: 3_600_000 })
})

test('is typed by what it holds', () => {
  expectTypeOf(value<number>()).toEqualTypeOf<StateSpec<ValueState<number>>>()
  expectTypeOf(mapState<bigint, Date>()).toEqualTypeOf<StateSpec<MapState<bigint, Date>>>()
  // @ts-expect-error -- a list is no key
  mapState<string[], number>()
  type Held<S> = S extends StateSpec<ValueState<infer T>> ? T : never
  expectTypeOf<() => void>().not.toExtend<Held<ReturnType<typeof value<() => void>>>>()
  expectTypeOf<Promise<number>>().not.toExtend<Held<ReturnType<typeof value<Promise<number>>>>>()
})

test('refuses a version that is no whole number from 1, and a life of nothing', () => {
  expect(() => value<number>({ version: 0 })).toThrow('state: version is a whole number from 1, not 0')
  expect(() => list<number>({ ttl: 0 })).toThrow('state: ttl: must be longer than zero')
})
