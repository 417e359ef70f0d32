import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Codec, Handle, Prepared, RefusedOutput } from '@millrace/core'
import { folder, hive } from '@millrace/file'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder, visibleFiles, visibleLines } from './support/temporary.ts'
import { text } from './support/text.ts'
import { checkpoint, openWriter, takeOver, write } from './support/writing.ts'

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => String(from + i))
const sorted = (lines: readonly string[]): string[] => lines.toSorted((a, b) => Number(a) - Number(b))
const staged = async (path: string): Promise<string[]> => readdir(join(path, '.inprogress'))

test('names files after the sink, its tenure and the checkpoint, and writes lines', async () => {
  const path = await temporaryFolder()
  const writer = await openWriter(folder({ path, encode: text }))
  await write(writer, ['a', 'b'])
  await checkpoint(writer, 7, true)
  const [name] = await visibleFiles(path)
  expect(name).toMatch(/^out-[0-9a-f]{10}-run-1-n-7-0\.txt$/)
  expect(await readFile(join(path, name!), 'utf8')).toBe('a\nb\n')
})

test('writes into subfolders by event time and field', async () => {
  const path = await temporaryFolder()
  const encode = { ...text, encoder: () => ({ encode: () => undefined }) } as unknown as Codec<{ page: string | null }>
  const writer = await openWriter(folder({ path, encode, subfolder: 'date={date}/hour={hour}/page={page}' }))
  await write(writer, [{ page: '/a b' }, { page: '../../etc' }, { page: null }], Date.UTC(2026, 10, 25, 7))
  await checkpoint(writer, 1, true)
  expect((await visibleFiles(path)).map(dirname)).toEqual([
    'date=2026-11-25/hour=07/page=%2Fa%20b',
    'date=2026-11-25/hour=07/page=..%2F..%2Fetc',
    'date=2026-11-25/hour=07/page=__HIVE_DEFAULT_PARTITION__',
  ])
})

test('refuses subfolders outside or hidden, and takes nothing of their batch', async () => {
  const path = await temporaryFolder()
  const writer = await openWriter(folder<string>({ path, encode: text, subfolder: (value) => value }))
  for (const bad of ['..', 'a/../b', '/a', 'a//b', '.a', 'a/.b', 'a\0b', 'x'.repeat(256)]) {
    await expect(write(writer, ['fine', bad])).rejects.toMatchObject({ code: 'SINK', retryable: false })
  }
  expect(await writer.prepare(1, { last: true })).toEqual({ handles: [] })
  expect(() => folder({ path, encode: text, subfolder: '../x' })).not.toThrow()
  await expect(openWriter(folder({ path, encode: text, subfolder: '../x' }))).rejects.toThrow(/hive\(\)/)
})

test('rolls by size, by number of records and, at checkpoints, by age', async () => {
  const path = await temporaryFolder()
  let now = 0
  const writer = await openWriter(folder({ path, encode: text, roll: { size: 100, records: 7, age: '1m' } }), {
    now: () => now,
  })
  await write(writer, numbers(0, 10))
  expect((await checkpoint(writer, 1)).length).toBe(1)
  expect(await visibleLines(path)).toEqual(numbers(0, 7))
  now = 59_999
  expect((await checkpoint(writer, 2)).length).toBe(0)
  now = 60_000
  expect((await checkpoint(writer, 3)).length).toBe(1)
  await write(writer, Array(10).fill('x'.repeat(49)))
  expect((await checkpoint(writer, 4)).length).toBe(5)
  expect((await visibleFiles(path)).length).toBe(7)
})

test('keeps few files open, and gives up the one not used for longest', async () => {
  const path = await temporaryFolder()
  const writer = await openWriter(folder<string>({ path, encode: text, subfolder: (value) => value, maxOpenFiles: 2 }))
  await write(writer, ['a'])
  await write(writer, ['b'])
  await write(writer, ['a', 'c'])
  expect((await checkpoint(writer, 1)).map(({ id }) => dirname(id))).toEqual(['b'])
})

test('leaves each file in progress valid up to a checkpoint, compressed or not', async () => {
  const path = await temporaryFolder()
  const writer = await openWriter(folder({ path, encode: text, compression: 'gzip' }))
  for (const [seq, from] of [0, 100, 200].entries()) {
    await write(writer, numbers(from, from + 100))
    const { state } = await writer.prepare(seq)
    const [{ name, length }] = (state as unknown as { open: [{ name: string; length: number }] }).open
    const bytes = await readFile(join(path, '.inprogress', name))
    expect(gunzipSync(bytes.subarray(0, length)).toString().split('\n').slice(0, -1)).toEqual(numbers(0, from + 100))
  }
})

test('shows the accepted output once, whatever is killed between whichever calls', async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('write' as const), count: fc.integer({ min: 1, max: 400 }) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('checkpoint' as const), committed: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('prepare' as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('kill' as const), aborted: fc.boolean() }) },
  )
  const compression = fc.constantFrom('none' as const, 'gzip' as const, 'zstd' as const)
  const subfolder = fc.constantFrom<((value: string) => string) | string>('', (value) => `last=${value.slice(-1)}`)
  const property = fc.asyncProperty(
    fc.array(step, { maxLength: 25 }),
    compression,
    subfolder,
    fc.integer({ min: 1, max: 500 }),
    async (steps, compress, sub, records) => {
      const path = await temporaryFolder()
      const sink = folder<string>({
        path,
        encode: text,
        compression: compress,
        subfolder: sub,
        roll: { records, age: '1d' },
        maxOpenFiles: 3,
      })
      let epoch = 1
      let seq = 0
      let next = 0
      let record: Prepared = { handles: [] }
      let accepted = 0
      let writer = await openWriter(sink, { epoch })
      for (const each of steps) {
        if (each.do === 'write') await write(writer, numbers(next, (next += each.count)))
        else if (each.do === 'kill') {
          next = accepted
          epoch++
          // The one before is not closed: it may be alive.
          const { handles, state } = record
          writer = await openWriter(sink, { epoch, ...(state !== undefined && { state }) })
          await writer.commit(handles)
          if (each.aborted) await writer.abort({ before: epoch, except: handles })
        } else if (each.do === 'prepare') {
          // Prepared, but its record was not written: the task is killed.
          await writer.prepare(seq + 1)
          next = accepted
          writer = await takeOver(sink, record, { epoch: ++epoch })
        } else {
          record = JSON.parse(JSON.stringify(await writer.prepare(++seq))) as Prepared
          accepted = next
          // Killed right after the record was written, or not.
          if (each.committed) await writer.commit(record.handles)
          else writer = await takeOver(sink, record, { epoch: ++epoch })
        }
        expect((await visibleLines(path)).length).toBeLessThanOrEqual(accepted)
      }
      const done = next
      await checkpoint(writer, ++seq, true)
      expect(sorted(await visibleLines(path))).toEqual(numbers(0, done))
      await writer.abort({ before: epoch, except: [] })
      expect((await staged(path)).length).toBe(0)
    },
  )
  await fc.assert(property, { numRuns: 15 })
}, 60_000)

test('does not get in the way of a writer of the same tenure that died', async () => {
  const path = await temporaryFolder()
  const sink = folder({ path, encode: text })
  const first = await openWriter(sink)
  await write(first, numbers(0, 10))
  const record = await first.prepare(1)
  await write(first, numbers(10, 20))
  const second = await takeOver(sink, record, {})
  await write(second, numbers(10, 30))
  await checkpoint(second, 2, true)
  expect(await visibleLines(path)).toEqual(numbers(0, 30))
})

test('lets tasks, sinks and jobs share a folder', async () => {
  const path = await temporaryFolder()
  const sink = folder({ path, encode: text })
  const one = await openWriter(sink, { task: 'in/1' })
  const two = await openWriter(sink, { task: 'in/2' })
  await write(one, numbers(0, 10))
  await write(two, numbers(10, 20))
  const prepared = await one.prepare(1, { last: true })
  await two.abort({ before: 100, except: [] })
  await one.commit(prepared.handles)
  await checkpoint(two, 1, true)
  expect(sorted(await visibleLines(path))).toEqual(numbers(0, 20))
})

test('says that a file is damaged that the last checkpoint counts on', async () => {
  const path = await temporaryFolder()
  const sink = folder({ path, encode: text })
  const writer = await openWriter(sink)
  await write(writer, numbers(0, 10))
  const { state } = await writer.prepare(1)
  const [name] = await staged(path)
  await writeFile(join(path, '.inprogress', name!), '0\n')
  await expect(openWriter(sink, { epoch: 2, state: state! })).rejects.toMatchObject({ code: 'CORRUPT_STATE' })
})

/** Writes text, but for one word, before which it fails half way. */
const picky: Codec<string> = {
  ...text,
  encoder: () => ({
    encode(value, out) {
      out.text(value)
      if (value === 'bad') throw new TypeError('too bad')
    },
  }),
}

test('hands on records that cannot be written, and writes the rest of the batch', async () => {
  const path = await temporaryFolder()
  const refused: unknown[] = []
  const refuse = ({ value, time }: RefusedOutput): void => void refused.push([value, time])
  const writer = await openWriter(folder({ path, encode: picky }), { refuse })
  await write(writer, ['bad', 'a', 'bad', 'b'], 7)
  await checkpoint(writer, 1, true)
  expect(await visibleLines(path)).toEqual(['a', 'b'])
  expect(refused).toEqual([
    ['bad', 7],
    ['bad', 7],
  ])
})

test('takes nothing of a batch with a record that fails the job', async () => {
  const path = await temporaryFolder()
  const writer = await openWriter(folder({ path, encode: picky }))
  await expect(write(writer, ['a', 'b', 'bad', 'c'])).rejects.toMatchObject({
    code: 'SINK',
    cause: { message: 'too bad' },
  })
  await write(writer, ['a', 'b', 'c'])
  await checkpoint(writer, 1, true)
  expect(await visibleLines(path)).toEqual(['a', 'b', 'c'])
})

test('answers retry while the destination is away, and lost only when it is not', async () => {
  const path = join(await temporaryFolder(), 'out')
  const writer = await openWriter(folder({ path, encode: text }))
  await write(writer, numbers(0, 10))
  const { handles } = await writer.prepare(1, { last: true })
  await rename(path, `${path}.away`)
  expect(await writer.commit(handles)).toEqual(['retry'])
  await rename(`${path}.away`, path)
  expect(await writer.commit(handles)).toEqual(['committed'])
  await rm(join(path, handles[0]!.id))
  expect(await writer.commit(handles)).toEqual(['lost'])
})

test('says why it cannot make a subfolder, and makes it later', async () => {
  const path = await temporaryFolder()
  const writer = await openWriter(folder({ path, encode: text, subfolder: 'sub/folder' }))
  await write(writer, numbers(0, 10))
  const { handles } = await writer.prepare(1, { last: true })
  await writeFile(join(path, 'sub'), 'in the way')
  await expect(writer.commit(handles)).rejects.toMatchObject({
    message: expect.stringMatching(/sub\/folder: making output visible failed: .*; a part of the path is a file/),
  })
  await rm(join(path, 'sub'))
  expect(await writer.commit(handles)).toEqual(['committed'])
  expect(await visibleLines(path)).toEqual(numbers(0, 10))
})

test('refuses handles that are not its own', async () => {
  const writer = await openWriter(folder({ path: await temporaryFolder(), encode: text }))
  const handle: Handle = { sink: 'out', id: 'x', destination: 'x', data: { bucket: 'b' } }
  await expect(writer.commit([handle])).rejects.toThrow(/not a handle of a folder/)
})

test('says what is wrong with a folder before and when it is opened', async () => {
  const path = await temporaryFolder()
  await writeFile(join(path, 'file'), '')
  const sink = folder({ path: join(path, 'file'), encode: text })
  const error = {
    code: 'BAD_OPTION',
    retryable: false,
    message: expect.stringMatching(/file: writing to this folder failed: .*; a part of the path is a file/),
  }
  await expect(sink.check!()).rejects.toMatchObject(error)
  await expect(openWriter(sink)).rejects.toMatchObject(error)
  await expect(folder({ path: join(path, 'new/folder'), encode: text }).check!()).resolves.toBe(undefined)
})

test('says that it may not write to a folder', async (context) => {
  const path = join(await temporaryFolder(), 'out')
  await mkdir(path)
  try {
    execFileSync('sh', ['-c', `chattr +i ${path}`], { stdio: 'ignore' })
  } catch {
    return context.skip('chattr is not allowed here')
  }
  onTestFinished(() => void execFileSync('sh', ['-c', `chattr -i ${path}`]))
  await expect(folder({ path, encode: text }).check!()).rejects.toMatchObject({
    code: 'BAD_OPTION',
    message: expect.stringContaining(path),
  })
})

/** A file system of 1 MiB; needs the rights to mount one. */
function smallDisk(): string | undefined {
  const path = join(tmpdir(), `millrace-small-${process.pid}-${Math.random().toString(36).slice(2)}`)
  try {
    execFileSync('sh', ['-c', `mkdir -p ${path} && mount -t tmpfs -o size=1m tmpfs ${path}`], { stdio: 'ignore' })
    onTestFinished(() => void execFileSync('sh', ['-c', `umount -l ${path} && rmdir ${path}`]))
    return path
  } catch {
    return undefined
  }
}

test.for(['none', 'gzip', 'zstd'] as const)(
  'loses and repeats nothing when the disk is full (%s)',
  async (compression, context) => {
    const path = smallDisk()
    if (path === undefined) return context.skip('mounting a tmpfs is not allowed here')
    const writer = await openWriter(folder({ path, encode: text, compression }))
    await writeFile(join(path, 'ballast'), Buffer.alloc(900_000))
    const random = createHash('sha256')
    const lines = numbers(0, 10_000).map((n) => `${n} ${random.update(n).copy().digest('hex').slice(0, 40)}`)
    let refused = 0
    /** Calls again until there is room, which is made at the third time. */
    const insist = async <R>(call: () => Promise<R>): Promise<R> => {
      for (;;) {
        try {
          return await call()
        } catch (error) {
          expect(error).toMatchObject({ code: 'NO_SPACE', retryable: true, message: expect.stringContaining(path) })
          if (++refused === 3) await rm(join(path, 'ballast'))
        }
      }
    }
    for (let i = 0; i < 20; i++) {
      await insist(() => write(writer, lines.slice(i * 500, i * 500 + 500)))
      if (i % 5 === 4) await insist(() => writer.prepare(i))
    }
    await writer.commit((await insist(() => writer.prepare(20, { last: true }))).handles)
    expect(refused).toBeGreaterThanOrEqual(3)
    expect(await visibleLines(path)).toEqual(lines)
  },
)

test('escapes any value into one name', () => {
  const short = fc.string({ unit: 'binary', maxLength: 8 })
  const value = fc.oneof(
    short,
    fc.tuple(short, fc.nat(300)).map(([part, times]) => part.repeat(times)),
  )
  fc.assert(
    fc.property(value, value, (a, b) => {
      const path = hive({ k: a })
      const isOneName = path.startsWith('k=') && !path.includes('/') && Buffer.byteLength(path) <= 200
      // Names are UTF-8, so lone surrogates cannot be told apart.
      const isSame = Buffer.from(a).equals(Buffer.from(b))
      expect([isOneName, /\p{Cc}/u.test(path), hive({ k: b }) === path || isSame]).toEqual([true, false, isSame])
    }),
  )
  expect(hive({ date: '2026-11-25', page: '/a?b=c', n: 5, none: undefined })).toBe(
    'date=2026-11-25/page=%2Fa%3Fb%3Dc/n=5/none=__HIVE_DEFAULT_PARTITION__',
  )
})
