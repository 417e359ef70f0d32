import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Heap } from '../../src/state/heap.ts'
import { runs } from '../support/runs.ts'

const numeric = (a: number, b: number): number => a - b

test('a heap gives the least of what is in it, always', () => {
  const commands = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: -20, max: 20 }) },
      { weight: 2, arbitrary: fc.constant('pop' as const) },
      { weight: 1, arbitrary: fc.constant('retain' as const) },
    ),
    { maxLength: 100 },
  )
  fc.assert(
    fc.property(commands, (script) => {
      const heap = new Heap<number>(numeric)
      let model: number[] = []
      for (const command of script) {
        if (command === 'pop') expect(heap.pop()).toBe(model.shift())
        else if (command === 'retain') {
          heap.retain((n) => n % 3 !== 0)
          model = model.filter((n) => n % 3 !== 0)
        } else {
          heap.push(command)
          model = [...model, command].toSorted(numeric)
        }
        expect([heap.size, heap.peek()]).toEqual([model.length, model[0]])
      }
      expect(model.map(() => heap.pop())).toEqual(model)
    }),
    runs(500),
  )
})

test('an empty heap gives nothing', () => {
  const heap = new Heap<number>(numeric)
  expect([heap.peek(), heap.pop(), heap.size]).toEqual([undefined, undefined, 0])
})
