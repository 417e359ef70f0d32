import { execFileSync } from 'node:child_process'
import { appendFile, copyFile, mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { files } from '@millrace/file'
import type { FilesOptions } from '@millrace/file'
import { expect, onTestFinished, test } from 'vitest'
import { Follower } from './support/reading.ts'
import { temporaryFolder } from './support/temporary.ts'
import { text } from './support/text.ts'

const timeout = 20_000

const followed = (path: string, options: Partial<FilesOptions<string>> = {}) =>
  files({ path, decode: text, follow: true, discoverEvery: 20, endAfter: 0, ...options })

/** Waits until something has come about. */
const eventually = <T>(of: () => T) => expect.poll(of, { timeout: 8_000, interval: 10 })

const lines = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `line ${from + i}`)
const written = (from: number, to: number): string =>
  lines(from, to)
    .map((line) => `${line}\n`)
    .join('')

async function logFile(): Promise<string> {
  return join(await temporaryFolder(), 'app.log')
}

test('waits for a file, and reads on as it grows', { timeout }, async () => {
  const path = join(await temporaryFolder(), 'later', 'app.log')
  const follower = new Follower(followed(path))
  await mkdir(join(path, '..'))
  await writeFile(path, written(0, 10))
  await eventually(() => follower.values).toEqual(lines(0, 10))
  await appendFile(path, written(10, 20))
  await eventually(() => follower.values).toEqual(lines(0, 20))
})

test('holds back a line until its end is written', { timeout }, async () => {
  const path = await logFile()
  await writeFile(path, 'one\ntw')
  const follower = new Follower(followed(path))
  await eventually(() => follower.values).toEqual(['one'])
  await appendFile(path, 'o')
  await appendFile(path, '\nthree\n')
  await eventually(() => follower.values).toEqual(['one', 'two', 'three'])
})

test('reads a renamed file to its end beside the one that takes its name', { timeout }, async () => {
  const path = await logFile()
  await writeFile(path, written(0, 10))
  const follower = new Follower(followed(path, { endAfter: 500 }))
  await eventually(() => follower.values).toEqual(lines(0, 10))
  await rename(path, `${path}.1`)
  await writeFile(path, written(20, 30))
  await appendFile(`${path}.1`, `${written(10, 20)}last`)
  await eventually(() => follower.ended.length).toBe(1)
  await eventually(() => follower.values).toEqual([...lines(0, 20), 'last', ...lines(20, 30)])
  expect(follower.contents.length).toBe(2)
})

test('does not end a renamed file as long as it grows', { timeout }, async () => {
  const path = await logFile()
  await writeFile(path, written(0, 1))
  const follower = new Follower(followed(path, { endAfter: '1m' }))
  await eventually(() => follower.values).toEqual(lines(0, 1))
  await rename(path, `${path}.1`)
  const until = Date.now() + 1_500
  let n = 1
  while (Date.now() < until) {
    await appendFile(`${path}.1`, written(n, n + 1))
    n++
    await eventually(() => follower.values.length).toBe(n)
  }
  expect(follower.ended).toEqual([])
})

test('reads a deleted file to its end', { timeout }, async () => {
  const path = await logFile()
  await writeFile(path, written(0, 50_000))
  const follower = new Follower(followed(path))
  await eventually(() => follower.contents.length).toBe(1)
  await eventually(() => follower.values.length).toBeGreaterThan(0)
  await rm(path)
  await eventually(() => follower.ended.length).toBe(1)
  expect(follower.values).toEqual(lines(0, 50_000))
})

test('starts again when a file is copied and truncated', { timeout }, async () => {
  const path = await logFile()
  await writeFile(path, written(0, 10))
  const follower = new Follower(followed(path))
  await eventually(() => follower.values).toEqual(lines(0, 10))
  await copyFile(path, `${path}.1`)
  await truncate(path)
  await eventually(() => follower.ended.length).toBe(1)
  await appendFile(path, written(10, 12))
  await eventually(() => follower.values).toEqual(lines(0, 12))
  const [first, second] = follower.contents.map(({ partition }) => partition)
  expect(second?.parents).toEqual([first?.id])
})

test('starts again when a file is truncated and filled to the same size', { timeout }, async () => {
  const path = await logFile()
  await writeFile(path, written(100, 200))
  const follower = new Follower(followed(path))
  await eventually(() => follower.values).toEqual(lines(100, 200))
  await writeFile(path, written(200, 300))
  await eventually(() => follower.values).toEqual(lines(100, 300))
})

test('starts again when a file is filled beyond its size, with the same first lines', { timeout }, async () => {
  const path = await logFile()
  const header = `${'# header '.repeat(200)}\n`
  await writeFile(path, header + written(100, 200))
  const follower = new Follower(followed(path))
  await eventually(() => follower.values.length).toBe(101)
  await writeFile(path, header + written(200, 400))
  await eventually(() => follower.values.length).toBe(302)
  expect(follower.values.slice(-200)).toEqual(lines(200, 400))
})

test('starts again each time, also with what was there before', { timeout }, async () => {
  const path = await logFile()
  const states = ['up', 'down', 'up', 'away', 'down', 'up']
  await writeFile(path, 'begun\n')
  const follower = new Follower(followed(path))
  await eventually(() => follower.values).toEqual(['begun'])
  for (const [i, state] of states.entries()) {
    await writeFile(path, `${state}\n`)
    await eventually(() => follower.values).toEqual(['begun', ...states.slice(0, i + 1)])
  }
})

test('says that a line was cut off by a truncation', { timeout }, async () => {
  const path = await logFile()
  await writeFile(path, 'one\ntwo is not comple')
  const follower = new Follower(followed(path))
  await eventually(() => follower.values).toEqual(['one'])
  await writeFile(path, 'new\n')
  await eventually(() => follower.values).toEqual(['one', 'new'])
  expect(follower.refused).toMatchObject([{ error: { code: 'SOURCE' } }])
  expect(Buffer.from(follower.refused[0]!.bytes).toString()).toBe('two is not comple')
})

test('follows a symbolic link to where it leads now', { timeout }, async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'monday'), written(0, 10))
  await symlink('monday', join(folder, 'current'))
  const follower = new Follower(followed(join(folder, 'current'), { endAfter: 500 }))
  await eventually(() => follower.values).toEqual(lines(0, 10))
  await writeFile(join(folder, 'tuesday'), written(20, 30))
  await symlink('tuesday', join(folder, 'next'))
  await rename(join(folder, 'next'), join(folder, 'current'))
  await appendFile(join(folder, 'monday'), written(10, 20))
  await eventually(() => follower.values).toEqual(lines(0, 30))
  await eventually(() => follower.ended.length).toBe(1)
})

test('loses and repeats nothing when it is stopped before, between and after rotations', { timeout }, async () => {
  const path = await logFile()
  await writeFile(path, written(0, 10))
  const first = new Follower(followed(path))
  await eventually(() => first.values).toEqual(lines(0, 10))
  const known = await first.stop()
  await appendFile(path, written(10, 20))
  await rename(path, `${path}.1`)
  await writeFile(path, written(20, 30))
  const second = new Follower(followed(path), known)
  await eventually(() => second.values.toSorted()).toEqual(lines(10, 30))
  await eventually(() => second.ended.length).toBe(1)
  const then = await second.stop()
  await writeFile(path, written(30, 50))
  const third = new Follower(followed(path), then)
  await eventually(() => third.values).toEqual(lines(30, 50))
  const last = await third.stop()
  await appendFile(path, written(50, 60))
  const fourth = new Follower(followed(path), last)
  await eventually(() => fourth.values).toEqual(lines(50, 60))
})

test('takes a new file for a new one although its inode number was used before', { timeout }, async () => {
  const path = await logFile()
  await writeFile(path, 'same\n')
  const follower = new Follower(followed(path))
  await eventually(() => follower.values).toEqual(['same'])
  for (let i = 0; i < 3; i++) {
    await rm(path)
    await eventually(() => follower.ended.length).toBe(i + 1)
    await writeFile(path, 'same\n')
    await eventually(() => follower.values.length).toBe(i + 2)
  }
})

test('says that a file was deleted while nobody read it, and goes on with the others', { timeout }, async () => {
  const path = await logFile()
  await writeFile(path, written(0, 10))
  const first = new Follower(followed(path))
  await eventually(() => first.values).toEqual(lines(0, 10))
  const known = await first.stop()
  await rm(path)
  await writeFile(path, written(20, 30))
  const second = new Follower(followed(path), known)
  await eventually(() => second.values).toEqual(lines(20, 30))
  await eventually(() => second.refused).toMatchObject([{ error: { code: 'SOURCE' } }])
  expect(second.ended.length).toBe(1)
})

test('follows a gzip file to which members are appended', { timeout }, async () => {
  const path = `${await logFile()}.gz`
  const member = gzipSync(written(10, 2_000))
  await writeFile(path, gzipSync(written(0, 10)))
  const follower = new Follower(followed(path))
  await eventually(() => follower.values).toEqual(lines(0, 10))
  await appendFile(path, member.subarray(0, 1_000))
  await eventually(() => follower.values.length).toBeGreaterThan(10)
  await appendFile(path, member.subarray(1_000))
  await eventually(() => follower.values).toEqual(lines(0, 2_000))
  await writeFile(path, gzipSync(written(5, 8)))
  await eventually(() => follower.values).toEqual([...lines(0, 2_000), ...lines(5, 8)])
})

/** A file system that keeps no time of birth; needs the rights to mount one. */
function ramfs(): string | undefined {
  const folder = join(tmpdir(), `millrace-ramfs-${process.pid}`)
  try {
    execFileSync('sh', ['-c', `mkdir -p ${folder} && mount -t ramfs ramfs ${folder}`], { stdio: 'ignore' })
    return folder
  } catch {
    return undefined
  }
}

test('tells files apart by their first line where there is no time of birth', { timeout }, async (context) => {
  const folder = ramfs()
  if (folder === undefined) return context.skip('mounting a ramfs is not allowed here')
  onTestFinished(() => void execFileSync('sh', ['-c', `umount ${folder} && rmdir ${folder}`]))
  const path = join(folder, 'app.log')
  await writeFile(path, 'incomple')
  const follower = new Follower(followed(path))
  await appendFile(path, `te\n${written(0, 3)}`)
  await eventually(() => follower.values).toEqual(['incomplete', ...lines(0, 3)])
  await writeFile(path, 'other\n')
  await eventually(() => follower.contents.at(-1)?.values).toEqual(['other'])
  await writeFile(path, 'other\nand\n')
  await eventually(() => follower.contents.at(-1)?.values).toEqual(['other', 'and'])
  await writeFile(path, 'other\n')
  await eventually(() => follower.contents.length).toBe(3)
  await eventually(() => follower.contents.at(-1)?.values).toEqual(['other'])
  const known = await follower.stop()
  await appendFile(path, 'more\n')
  const again = new Follower(followed(path), known)
  await eventually(() => again.values).toEqual(['more'])
})
