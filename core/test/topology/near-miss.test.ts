import { expect, test } from 'vitest'
import { nearMiss } from '../../src/topology/near-miss.ts'

test('finds the name that differs by few letters', () => {
  expect(nearMiss('outt', ['in', 'out', 'output'])).toBe('out')
  expect(nearMiss('OUT', ['in', 'out'])).toBe('out')
  expect(nearMiss('stram', ['stream', 'steam'])).toBe('stream')
})

test('finds none when all are far away', () => {
  expect(nearMiss('x', ['stream', 'out'])).toBeUndefined()
  expect(nearMiss('', [])).toBeUndefined()
})
