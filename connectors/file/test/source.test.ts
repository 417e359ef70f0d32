import { appendFile, link, mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MillraceError } from '@millrace/core'
import type { PartitionList, Records } from '@millrace/core'
import { files } from '@millrace/file'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { context, listOf, readFiles, readPartition } from './support/reading.ts'
import { temporaryFolder } from './support/temporary.ts'
import { text } from './support/text.ts'

const valuesOf = async (path: string | string[]): Promise<string[][]> =>
  (await readFiles(files({ path, decode: text }))).map(({ values }) => values)

test('reads each file that matches, sorted by path', async () => {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'deep/er'), { recursive: true })
  await writeFile(join(folder, 'b.log'), 'b\n')
  await writeFile(join(folder, 'a.log'), 'a1\na2\n')
  await writeFile(join(folder, 'deep/er/c.log'), 'c\n')
  await writeFile(join(folder, '.hidden.log'), 'hidden\n')
  expect(await valuesOf(join(folder, '**/*.log'))).toEqual([['a1', 'a2'], ['b'], ['c']])
})

test('takes a file once, whichever links and patterns lead to it', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'a.log'), 'a\n')
  await link(join(folder, 'a.log'), join(folder, 'b.log'))
  await symlink(join(folder, 'a.log'), join(folder, 'c.log'))
  expect(await valuesOf([join(folder, '*.log'), join(folder, 'a*')])).toEqual([['a']])
})

test('reads a file whose name looks like a pattern', async () => {
  const path = join(await temporaryFolder(), 'x[1].log')
  await writeFile(path, 'x\n')
  expect(await valuesOf(path)).toEqual([['x']])
})

test('says which pattern has no match, and what to do', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'a.log'), 'a\n')
  const paths = [join(folder, 'a.log'), join(folder, '*.txt')]
  await expect(listOf(files({ path: paths, decode: text }))).rejects.toThrow(/nothing matches .*\/\*\.txt .*follow/)
  await expect(listOf(files({ path: folder, decode: text }))).rejects.toThrow(
    /is not a file; for a folder write .*\/\*/,
  )
})

test('checks its options when it is made', () => {
  expect(() => files({ path: '', decode: text })).toThrow(/path/)
  expect(() => files({ path: 'x', decode: text, maxRecordBytes: '1GiB' })).toThrow(/maxRecordBytes/)
  expect(() => files({ path: 'x', decode: text, from: 'middle' as 'end' })).toThrow(/'middle|"middle"/)
})

test('gives the last line without a line end as a record, and an empty file as none', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'a'), 'one\r\n\ntwo')
  await writeFile(join(folder, 'b'), '')
  await writeFile(join(folder, 'c'), '\n')
  expect(await valuesOf(join(folder, '*'))).toEqual([['one', '', 'two'], [], ['']])
})

test('knows path, offset and line of a record', async () => {
  const path = join(await temporaryFolder(), 'a.log')
  await writeFile(path, 'one\ntwo\nthree\n')
  const [content] = await readFiles(files({ path, decode: text }))
  expect(content?.metas).toMatchObject([
    { path, offset: 0, line: 1 },
    { path, offset: 4, line: 2 },
    { path, offset: 8, line: 3 },
  ])
})

test('leaves bytes that are no UTF-8 to the codec', async () => {
  const path = join(await temporaryFolder(), 'a.log')
  await writeFile(path, Buffer.from('\xff\x80\n\xc3\ngood\n', 'latin1'))
  const [content] = await readFiles(files({ path, decode: text }))
  expect(content).toMatchObject({ values: ['good'], undecodable: [0, 1] })
})

test('reads lines of any length across chunks of any size, as split() cuts them', async () => {
  const folder = await temporaryFolder()
  let file = 0
  const long = fc.tuple(fc.nat(400_000), fc.constantFrom('x', 'yz')).map(([length, word]) => word.repeat(length))
  const line = fc.oneof({ weight: 20, arbitrary: fc.string({ maxLength: 120 }) }, { weight: 1, arbitrary: long })
  const content = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n')), { minLength: 1, maxLength: 400, size: 'max' })
  await fc.assert(
    fc.asyncProperty(content, async (lines) => {
      const path = join(folder, String(file++))
      const all = lines.map(([body, end]) => body + end).join('')
      await writeFile(path, all)
      const [read] = await readFiles(files({ path, decode: text }))
      const expected = all
        .split('\n')
        .slice(0, -1)
        .map((each) => each.replace(/\r$/, ''))
      expect(read?.values).toEqual(expected)
      const middle = Math.floor(expected.length / 2)
      const rest = await readPartition(files({ path, decode: text }), read!.partition, read!.positions[middle])
      expect(rest.values).toEqual(expected.slice(middle))
      expect(rest.metas.at(-1)).toEqual({ ...read!.metas.at(-1), arrival: rest.metas.at(-1)?.arrival })
    }),
    { numRuns: 40 },
  )
})

test('refuses a line over the limit without holding it, and reads on after it', async () => {
  const path = join(await temporaryFolder(), 'a.log')
  await writeFile(path, 'before\n')
  for (let i = 0; i < 50; i++) await appendFile(path, Buffer.alloc(1024 * 1024, 'x'))
  await appendFile(path, '\nafter\n')
  const source = files({ path, decode: text })
  const [content] = await readFiles(source)
  expect(content?.values).toEqual(['before', 'after'])
  expect(content?.metas.at(-1)).toMatchObject({ line: 3 })
  const [refused] = content!.refused
  expect(refused).toMatchObject({ error: { code: 'RECORD_TOO_LARGE' } })
  expect((refused!.error as Error).message).toMatch(`${path}:2: a line of 52428800 bytes`)
  expect(refused?.bytes.length).toBe(4096)
  const again = await readPartition(source, content!.partition, refused?.position)
  expect([again.refused.length, ...again.values]).toEqual([1, 'after'])
})

test('takes a line of 50 MB if it is allowed to', async () => {
  const path = join(await temporaryFolder(), 'a.log')
  await writeFile(path, `before\n${'x'.repeat(50_000_000)}\nafter\n`)
  const [content] = await readFiles(files({ path, decode: text, maxRecordBytes: '64MiB' }))
  expect(content?.values.map(({ length }) => length)).toEqual([6, 50_000_000, 5])
})

test('leaves lines as they are while the next ones are read', async () => {
  const path = join(await temporaryFolder(), 'a.log')
  await writeFile(path, Array.from({ length: 300_000 }, (_, i) => `line ${i}\n`).join(''))
  const source = files({ path, decode: text })
  const [partition] = await listOf(source)
  const reader = await source.open(partition!, await source.resolve(partition!, context), context)
  let last: { records: Records<string>; content: string } | undefined
  const contentOf = ({ slab }: Records<string>): string => {
    const rows = Array.from({ length: slab!.length }, (_, row) =>
      slab!.bytes.subarray(slab!.starts[row], slab!.ends[row]).toString(),
    )
    return rows.join('\n')
  }
  for (
    let read = await reader.read(context.signal);
    read.type === 'records';
    read = await reader.read(context.signal)
  ) {
    if (last) expect([contentOf(last.records), last.records.positionOf(0)].join()).toBe(last.content)
    last = { records: read, content: [contentOf(read), read.positionOf(0)].join() }
  }
  await reader.close()
})

test('estimates what waits from the lines so far', async () => {
  const path = join(await temporaryFolder(), 'a.log')
  await writeFile(path, 'x'.repeat(99).concat('\n').repeat(10_000))
  const source = files({ path, decode: text })
  const [partition] = await listOf(source)
  const reader = await source.open(partition!, await source.resolve(partition!, context), context)
  expect(await reader.read(context.signal)).toMatchObject({ type: 'records', backlog: expect.closeTo(9_000, -3) })
  await reader.close()
})

test('goes on in a file that was renamed meanwhile', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'a.log'), 'one\ntwo\n')
  const [content] = await readFiles(files({ path: join(folder, '*.log'), decode: text }))
  await rename(join(folder, 'a.log'), join(folder, 'a.old'))
  const rest = await readPartition(
    files({ path: join(folder, '*.log'), decode: text }),
    content!.partition,
    content!.positions[1],
  )
  expect(rest.values).toEqual(['two'])
})

test('does not go on in a file whose beginning has changed', async () => {
  const path = join(await temporaryFolder(), 'a.log')
  await writeFile(path, 'one\ntwo\n')
  const source = files({ path, decode: text })
  const [content] = await readFiles(source)
  await writeFile(path, 'ONE\ntwo\nthree\n')
  const { error } = await readPartition(source, content!.partition, content!.last)
  expect(error).toBeInstanceOf(MillraceError)
  expect(error).toMatchObject({
    code: 'SOURCE',
    retryable: false,
    message: expect.stringMatching(/no longer holds .* byte 8/),
  })
})

test('says that a file is gone', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'a.log'), 'one\ntwo\n')
  const source = files({ path: join(folder, '*.log'), decode: text })
  const [partition] = await listOf(source)
  await rename(join(folder, 'a.log'), join(await temporaryFolder(), 'a.log'))
  expect((await readPartition(source, partition!, '0:0:')).error).toMatchObject({ code: 'SOURCE', retryable: false })
})

test("begins behind what is there with from: 'end', and at the start of what is new", async () => {
  const folder = await temporaryFolder()
  const options = { path: join(folder, '*'), decode: text, from: 'end' } as const
  await writeFile(join(folder, 'a'), 'one\ntwo\nhal')
  await writeFile(join(folder, 'b'), '')
  await writeFile(join(folder, 'c'), `first\n${'x'.repeat(200_000)}`)
  const source = files(options)
  const [a, b, c] = await listOf(source)
  const positions = await Promise.all([a, b, c].map((partition) => source.resolve(partition!, context)))
  expect(positions.map((position) => Number.parseInt(position))).toEqual([8, 0, 6])
  await appendFile(join(folder, 'a'), 'f\nthree\n')
  const content = await readPartition(source, a!, positions[0])
  expect(content.values).toEqual(['half', 'three'])
  expect(content.metas[0]).not.toHaveProperty('line')
  expect(await files(options).resolve(a!, { ...context, isResumed: true })).toBe('0:0:')
  // it has been made since the job began, in an earlier process
  expect(await files(options).resolve(a!, { ...context, beganAt: Date.now() - 60_000 })).toBe('0:0:')
})

test('lists that there is nothing: what comes later is new', async () => {
  const folder = await temporaryFolder()
  const source = files({ path: join(folder, '*'), decode: text, follow: true, discoverEvery: '20ms' })
  const lists = source.partitions(context)[Symbol.asyncIterator]()
  expect((await lists.next()).value).toEqual({ partitions: [], final: false })
  await writeFile(join(folder, 'a'), '')
  expect(((await lists.next()).value as PartitionList).partitions).toHaveLength(1)
  await lists.return?.()
})
