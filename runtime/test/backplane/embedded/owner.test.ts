import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { formatOwner, livenessOf, parseOwner, thisProcess } from '../../../src/backplane/embedded/owner.ts'

const me = parseOwner(thisProcess('n1'))

test('names host, process, its start and the worker', () => {
  expect(me).toMatchObject({ pid: process.pid, nonce: 'n1' })
  expect(parseOwner('a:b/4026531836:12:345:n')).toEqual({ host: 'a:b/4026531836', pid: 12, start: '345', nonce: 'n' })
  expect(parseOwner('something else')).toBe(undefined)
})

test('knows this process as alive, and its pid with another start as dead', () => {
  if (me === undefined) throw new Error('no owner')
  expect(livenessOf(formatOwner(me))).toBe('alive')
  if (me.start !== '-') expect(livenessOf(formatOwner({ ...me, start: '1' }))).toBe('dead')
})

test('knows nothing of processes on other machines, in other containers and of other kinds', () => {
  if (me === undefined) throw new Error('no owner')
  expect(livenessOf(formatOwner({ ...me, host: 'elsewhere' }))).toBe('unknown')
  expect(livenessOf(formatOwner({ ...me, host: `${me.host.split('/')[0]}/1` }))).toBe('unknown')
  expect(livenessOf('worker-7')).toBe('unknown')
})

test('knows a process as dead once it is gone, though nobody has asked how it ended', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  await once(child, 'spawn')
  const owner = ownerOf(child)
  expect(livenessOf(owner)).toBe('alive')
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(livenessOf(owner)).toBe('dead')
})

function ownerOf({ pid = 0 }: ChildProcess): string {
  if (me === undefined) throw new Error('no owner')
  return formatOwner({ ...me, pid, start: '-' })
}
