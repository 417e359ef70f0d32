import type { StateBlob } from '@millrace/core'
import { expect, test } from 'vitest'
import { StateLog } from '../../src/worker/state-log.ts'

const blob = (id: string, kind: StateBlob['kind'], bytes = 10): StateBlob => ({ id, kind, bytes, hash: '' })

test('puts a merged base in place of the blobs it was merged from, and keeps those that came since', () => {
  const log = new StateLog(2, [blob('1', 'delta'), blob('2', 'delta')])
  const merging = log.blobs
  log.advance(3, [...log.next, blob('3', 'delta')])
  log.merged(blob('m', 'base'), merging)
  expect(log.next.map(({ id }) => id)).toEqual(['m', '3'])
  expect(log.advance(4, [...log.next, blob('4', 'delta')])).toBe(true)
  expect(log.blobs.map(({ id }) => id)).toEqual(['m', '3', '4'])
})

test('forgets a merge whose blobs a full snapshot has replaced meanwhile', () => {
  const log = new StateLog(1, [blob('1', 'delta')])
  log.merged(blob('m', 'base'), log.blobs)
  log.advance(2, [blob('full', 'base')])
  expect(log.next.map(({ id }) => id)).toEqual(['full'])
})

test('is long with more than 32 blobs, or with deltas of more than twice the base', () => {
  const many = (n: number): StateBlob[] => Array.from({ length: n }, (_, i) => blob(`${i}`, 'delta'))
  expect(new StateLog(1, many(32)).isLong).toBe(false)
  expect(new StateLog(1, many(33)).isLong).toBe(true)
  const mib = 1024 * 1024
  expect(new StateLog(1, [blob('b', 'base', 10 * mib), blob('d', 'delta', 20 * mib)]).isLong).toBe(false)
  expect(new StateLog(1, [blob('b', 'base', 10 * mib), blob('d', 'delta', 21 * mib)]).isLong).toBe(true)
})
