import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { MillraceError } from '@millrace/core'
import { files } from '@millrace/file'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { listOf, readFiles, readPartition } from './support/reading.ts'
import { temporaryFolder } from './support/temporary.ts'
import { text } from './support/text.ts'

const lines = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `line ${(from + i) ** 2}`)
const written = (from: number, to: number): string =>
  lines(from, to)
    .map((line) => `${line}\n`)
    .join('')
/** What is good of a damaged file is to be seen, so it is not verified first. */
const source = (path: string, verify = false) => files({ path, decode: text, verify })

describe.each([
  { name: 'gzip', ending: '.gz', compress: (content: string) => gzipSync(content) },
  { name: 'zstd', ending: '.zst', compress: (content: string) => zstdCompressSync(content) },
])('$name', ({ ending, compress }) => {
  const file = async () => join(await temporaryFolder(), `a.log${ending}`)

  test('reads a file of many members, and goes on anywhere in it', async () => {
    const path = await file()
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(6_000), { maxLength: 5 }), async (counts) => {
        const members: Buffer[] = []
        let total = 0
        for (const count of counts) members.push(compress(written(total, (total += count))))
        await writeFile(path, Buffer.concat(members))
        const [content] = await readFiles(source(path))
        expect(content?.error).toBe(undefined)
        expect(content?.values).toEqual(lines(0, total))
        const middle = Math.floor(total / 2)
        if (total === 0) return
        const rest = await readPartition(source(path), content!.partition, content!.positions[middle])
        expect(rest.values).toEqual(lines(middle, total))
      }),
      { numRuns: 8 },
    )
  })

  test('delivers what comes before a cut, names the place, and goes on once the file is mended', async () => {
    const path = await file()
    const whole = Buffer.concat([
      compress(written(0, 1_000)),
      compress(written(1_000, 20_000)),
      compress(written(0, 5)),
    ])
    for (const cut of [whole.length - 1, whole.length >> 1, 5_000, 3]) {
      await writeFile(path, whole.subarray(0, cut))
      const broken = await readPartition(source(path), (await listOf(source(path)))[0]!)
      expect(broken.error).toBeInstanceOf(MillraceError)
      expect(broken.error).toMatchObject({
        code: 'SOURCE',
        retryable: false,
        message: expect.stringMatching(/a\.log.*past byte \d+.*Mend/),
      })
      expect(broken.values.length).toBeGreaterThanOrEqual(cut > 10_000 ? 1_000 : 0)
      await writeFile(path, whole)
      const rest = await readPartition(source(path), broken.partition, broken.last)
      expect([...broken.values, ...rest.values]).toEqual([...lines(0, 20_000), ...lines(0, 5)])
    }
  })

  test('refuses what is not of its format after the first member', async () => {
    const path = await file()
    await writeFile(path, Buffer.concat([compress(written(0, 10)), Buffer.from('and then some garbage')]))
    const [content] = await readFiles(source(path))
    expect(content?.values).toEqual(lines(0, 10))
    expect(content?.error).toMatchObject({ code: 'SOURCE' })
  })

  test('tells compression by the content, not by the name, unless told', async () => {
    const path = join(await temporaryFolder(), 'a.log.2')
    await writeFile(path, compress(written(0, 10)))
    expect((await readFiles(source(path)))[0]?.values).toEqual(lines(0, 10))
    const [plain] = await readFiles(files({ path, decode: text, compression: 'none' }))
    expect(plain?.values).not.toEqual(lines(0, 10))
  })
})

test('delivers the content before a corrupt byte of a small gzip file', async () => {
  const path = join(await temporaryFolder(), 'a.gz')
  // Stored as it is, so that a wrong byte in the head of the second block breaks nothing before it.
  const bytes = gzipSync(written(0, 20_000), { level: 0 })
  const second = 10 + 5 + bytes.readUInt16LE(11)
  bytes[second] = 0x07
  await writeFile(path, bytes)
  const [content] = await readFiles(source(path))
  expect(content?.error).toMatchObject({ code: 'SOURCE' })
  const before = bytes.subarray(15, second).toString().split('\n').slice(0, -1)
  expect(before.length).toBeGreaterThan(100)
  expect(content?.values.length).toBeGreaterThanOrEqual(before.length - 10)
  expect(content?.values).toEqual(lines(0, content!.values.length))
})

test('reads what the command line tools write', async (context) => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'a'), written(0, 5_000))
  try {
    execFileSync('sh', ['-c', 'gzip -k a && zstd -q a && cat a.gz a.gz > b.gz && cat a.zst a.zst > b.zst'], {
      cwd: folder,
    })
  } catch {
    return context.skip('gzip or zstd is not installed')
  }
  const contents = await readFiles(source(join(folder, 'b.*')))
  expect(contents.map(({ values }) => values)).toEqual(Array(2).fill([...lines(0, 5_000), ...lines(0, 5_000)]))
})

test('delivers nothing of a damaged file that it verifies first, and all of it once it is mended', async () => {
  const path = join(await temporaryFolder(), 'lines.gz')
  const whole = gzipSync(written(0, 1_000))
  const flipped = Buffer.from(whole)
  flipped[whole.length >> 1]! ^= 0x10
  await writeFile(path, flipped)
  const [damaged] = await readFiles(source(path, true))
  expect(damaged).toMatchObject({ values: [], error: { code: 'SOURCE' } })
  await writeFile(path, whole)
  expect((await readFiles(source(path, true)))[0]?.values).toEqual(lines(0, 1_000))
})
