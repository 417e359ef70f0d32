import { expect, test } from 'vitest'
import { callerLocation, firstOutside } from '../../src/topology/location.ts'

const own = '/app/node_modules/@millrace/core/dist/'

test('is the first frame outside of the package', () => {
  const stack = `Error
    at callerLocation (file:///app/node_modules/@millrace/core/dist/topology/location.js:14:21)
    at Collector.add (file:///app/node_modules/@millrace/core/dist/topology/collector.js:40:5)
    at file:///app/src/topology.ts:12:7
    at ModuleJob.run (node:internal/modules/esm/module_job:271:25)`
  expect(firstOutside(stack, own)).toBe('/app/src/topology.ts:12:7')
})

test('reads frames with names, brackets, spaces, async and drive letters', () => {
  const of = (frame: string) => firstOutside(`Error\n    at ${frame}`, own)
  expect(of('build (/app/my topologies/(draft)/a.ts:1:2)')).toBe('/app/my topologies/(draft)/a.ts:1:2')
  expect(of('Object.build [as default] (file:///app/a%20b.ts:1:2)')).toBe('/app/a b.ts:1:2')
  expect(of('async run (/app/a.ts:1:2)')).toBe('/app/a.ts:1:2')
  expect(of('async file:///app/a.ts:1:2')).toBe('/app/a.ts:1:2')
  expect(of(String.raw`C:\app\a.ts:1:2`)).toBe(String.raw`C:\app\a.ts:1:2`)
})

test('skips frames of the platform, of eval and without a place', () => {
  const stack = `Error
    at new Promise (<anonymous>)
    at eval (eval at run (/app/a.ts:1:2), <anonymous>:1:1)
    at Array.map (native)
    at node:internal/process/task_queues:95:5
    at /app/b.ts:3:4`
  expect(firstOutside(stack, own)).toBe('/app/b.ts:3:4')
})

test('is empty where there is no such frame, or no stack', () => {
  expect(firstOutside('Error\n    at node:internal/main:1:1', own)).toBe('')
  expect(firstOutside(undefined, own)).toBe('')
  expect(firstOutside([], own)).toBe('')
})

test('finds this file, and leaves the stack limit as it was', () => {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 1
  const [location, { stack }] = [callerLocation(), new Error()]
  expect(Error.stackTraceLimit).toBe(1)
  Error.stackTraceLimit = limit
  const lineOf = (place: string) => place.replace(/:\d+$/, '')
  expect(lineOf(location)).toBe(lineOf(firstOutside(stack)))
  expect(location).toContain('/core/test/topology/location.test.ts:')
})
