import fc from 'fast-check'
import { test } from 'vitest'
import { feed } from '../support/feed.ts'
import { graphOf, randomSteps } from '../support/random-steps.ts'
import { interpret } from '../support/interpret.ts'
import { nodeName } from '../../../src/topology/names.ts'
test('prof', () => {
  const samples = fc.sample(randomSteps({ keeping: false }), { numRuns: 100, seed: 3 })
  const t: Record<string, number> = {}
  const time = <T>(name: string, f: () => T): T => { const a = performance.now(); const r = f(); t[name] = (t[name] ?? 0) + performance.now() - a; return r }
  for (const steps of samples) {
    const graph = time('graph', () => graphOf(steps, false))
    time('gen', () => feed(graph, { p: [1,2,3,4,5,6,7,8,9,10] }, [], 'generated'))
    time('clo', () => feed(graph, { p: [1,2,3,4,5,6,7,8,9,10] }, [], 'closures'))
    time('int', () => interpret(graph, [1,2,3,4,5,6,7,8,9,10], nodeName))
  }
  console.log(t)
}, 60000)
