import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { Spool } from '../../src/logging/spool.ts'

const folder = (): string => mkdtempSync(join(tmpdir(), 'millrace-spool-'))

test('one that is full takes no more', () => {
  const place = folder()
  const spool = new Spool({ folder: place, maxBytes: 12 })
  expect([spool.append('12345'), spool.append('67890'), spool.append('x')]).toEqual([true, true, false])
  expect(readFileSync(join(place, '00000001.ndjson'), 'utf8')).toBe('12345\n67890\n')
  expect(spool.fill(spool.reserve(['x']), ['x'])).toBe(0)
})

test('keeps room for what has a place', () => {
  const spool = new Spool({ folder: folder(), maxBytes: 12 })
  const place = spool.reserve(['12345'])
  expect([spool.append('67890'), spool.append('x'), spool.bytes]).toEqual([true, false, 6])
  // one of them was put after all
  expect([spool.fill(place, ['123']), spool.append('x')]).toEqual([1, true])
  expect(spool.oldest()?.lines).toEqual(['123'])
})

test('what cannot be read stays where it is, and holds up nothing', () => {
  const place = folder()
  mkdirSync(join(place, '00000001.ndjson'))
  const spool = new Spool({ folder: place })
  spool.append('a')
  expect(() => spool.oldest()).toThrow(/lines in .*00000001.ndjson cannot be read, and are left there: EISDIR/)
  expect(spool.oldest()?.lines).toEqual(['a'])
  expect(readdirSync(place)).toContain('00000001.ndjson')
})

test('a line of several lines comes back as one', () => {
  const lines = ['a\n  at b (c:\\d)\n', 'plain', '', '\\n\\', '\\\n']
  const spool = new Spool({ folder: folder() })
  for (const line of lines) spool.append(line)
  expect(spool.oldest()?.lines).toEqual(lines)
  spool.fill(spool.reserve(lines), lines)
  spool.remove(spool.oldest()?.name ?? '')
  expect(spool.oldest()?.lines).toEqual(lines)
})

test('leaves what it is told to, and the next process begins with that', () => {
  const place = folder()
  const spool = new Spool({ folder: place })
  for (const line of ['a', 'b', 'c']) spool.append(line)
  const { name = '' } = spool.oldest() ?? {}
  spool.replace(name, ['b', 'c'])
  spool.append('d')
  expect(spool.bytes).toBe(6)
  spool.close()
  const next = new Spool({ folder: place })
  expect(next.oldest()?.lines).toEqual(['b', 'c'])
  next.remove(name)
  expect(next.oldest()?.lines).toEqual(['d'])
})

test('lines whose file cannot be removed do not come again', () => {
  const place = folder()
  const spool = new Spool({ folder: place })
  spool.append('a')
  const { name = '' } = spool.oldest() ?? {}
  spool.append('b')
  // what no file can be removed from: a folder in its place
  rmSync(join(place, name))
  mkdirSync(join(place, name))
  spool.remove(name)
  const second = spool.oldest()
  expect(second?.lines).toEqual(['b'])
  rmSync(join(place, name), { recursive: true })
  writeFileSync(join(place, name), 'a\n')
  // another time
  spool.remove(second?.name ?? '')
  expect([spool.isEmpty, readdirSync(place)]).toEqual([true, ['.lock.db']])
})

test('of a write that fails halfway nothing comes back, as it counts as lost', () => {
  const place = folder()
  const script = `
    import { Spool } from ${JSON.stringify(join(import.meta.dirname, '../../src/logging/spool.ts'))}
    const spool = new Spool({ folder: ${JSON.stringify(place)} })
    let kept = 0, failed = 0
    const take = (write) => { try { write(); kept++ } catch { failed++ } }
    for (let n = 0; n < 4; n++) take(() => spool.append('x'.repeat(299)))
    const long = ['y'.repeat(700), 'y'.repeat(700)]
    take(() => spool.fill(spool.reserve(long), long))
    console.log(JSON.stringify({ kept, failed, bytes: spool.bytes }))
  `
  const args = ['--conditions', '@millrace/source', '--input-type=module-typescript', '-e', script]
  // no file is longer than 1 KiB
  const { stdout, stderr } = spawnSync('bash', ['-c', 'ulimit -f 1; exec "$0" "$@"', process.execPath, ...args])
  expect(stderr.toString()).toBe('')
  expect(JSON.parse(stdout.toString())).toEqual({ kept: 3, failed: 2, bytes: 900 })
  const next = new Spool({ folder: place })
  expect(next.bytes).toBe(900)
  expect(next.oldest()?.lines).toEqual(Array.from({ length: 3 }, () => 'x'.repeat(299)))
})

test('is of one process, and one thread of it, at a time', async () => {
  const place = folder()
  const spool = new Spool({ folder: place })
  const taken = /`spool.folder`: .* is used by another process or thread; give each its own/
  expect(() => new Spool({ folder: place })).toThrow(taken)
  const url = pathToFileURL(join(import.meta.dirname, '../../src/logging/spool.ts')).href
  const script = `
    import { Spool } from ${JSON.stringify(url)}
    new Spool({ folder: ${JSON.stringify(place)} })
  `
  const args = ['--conditions', '@millrace/source', '--input-type=module-typescript', '-e']
  const inProcess = (code: string) => spawnSync(process.execPath, [...args, code])
  const inThread = async (code: string): Promise<Error | undefined> => {
    const execArgv = ['--conditions', '@millrace/source']
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), { execArgv })
    const failed = once(worker, 'error') as Promise<[Error]>
    return Promise.race([failed.then(([error]) => error), once(worker, 'exit').then(() => undefined)])
  }
  expect(inProcess(script).stderr.toString()).toMatch(taken)
  expect((await inThread(script))?.message).toMatch(taken)
  spool.close()
  // whoever dies gives it back, whatever number of a process it leaves behind
  expect(inProcess(`${script}; process.kill(process.pid, 'SIGKILL')`)).toMatchObject({ signal: 'SIGKILL' })
  expect(await inThread(`${script}; process.exit()`)).toBeUndefined()
  const again = new Spool({ folder: place })
  again.close()
})

test('refuses what is no folder by name', () => {
  const file = join(folder(), 'file')
  writeFileSync(file, '')
  expect(() => new Spool({ folder: file })).toThrow(/`spool.folder`: .*file cannot be made: EEXIST/)
})

test('one that cannot begin gives its folder back', () => {
  const place = folder()
  // no file, and nothing that can be looked at
  symlinkSync(join(place, 'nowhere'), join(place, '00000001.ndjson'))
  expect(() => new Spool({ folder: place })).toThrow(/ENOENT/)
  rmSync(join(place, '00000001.ndjson'))
  new Spool({ folder: place }).close()
})
