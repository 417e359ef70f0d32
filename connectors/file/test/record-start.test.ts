import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { files } from '@millrace/file'
import type { FilesOptions } from '@millrace/file'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LineCutter } from '../src/reading/line-cutter.ts'
import { Head } from '../src/reading/fingerprint.ts'
import { temporaryFolder } from './support/temporary.ts'
import { text } from './support/text.ts'

const trace = 'ERROR one\n  at a\n  at b\nINFO two\nERROR three\n\n  at c\n'

async function opened(content: string, options: Partial<FilesOptions<string>> = {}) {
  const folder = await temporaryFolder()
  const path = join(folder, 'app.log')
  await writeFile(path, content)
  const source = files({ path, decode: text, recordStart: /^[A-Z]/, ...options })
  const stop = new AbortController()
  const context = { clock: { now: Date.now }, signal: stop.signal }
  const list = await source.partitions(context)[Symbol.asyncIterator]().next()
  const [partition] = (list.value as { partitions: readonly { id: string }[] }).partitions
  return { path, source, partition: partition!, context, start: await source.resolve(partition!, context) }
}

/** Reads to the end, or until so many reads in a row have found nothing. */
async function readAll(
  { source, partition, context, start }: Awaited<ReturnType<typeof opened>>,
  from = start,
  idles = 1,
) {
  const reader = await source.open(partition, from, context)
  const [texts, positions]: [string[], string[]] = [[], []]
  let after = from
  for (let idle = 0; idle < idles;) {
    const read = await reader.read(context.signal)
    if (read.type === 'end') break
    after = read.position
    if (read.type === 'idle') idle++
    else
      for (let row = 0; row < (read.slab?.length ?? 0); row++) {
        const { bytes, starts, ends } = read.slab!
        texts.push(Buffer.from(bytes.subarray(starts[row], ends[row])).toString())
        positions.push(read.positionOf(row))
      }
  }
  await reader.close()
  return { texts, positions, after }
}

test('lines that begin no record belong to the one before', async () => {
  const { texts } = await readAll(await opened(trace))
  expect(texts).toEqual(['ERROR one\n  at a\n  at b', 'INFO two', 'ERROR three\n\n  at c'])
})

test('a record can be gone on at', async () => {
  const file = await opened(trace)
  const { texts, positions } = await readAll(file)
  for (const [i, position] of positions.entries()) expect((await readAll(file, position)).texts).toEqual(texts.slice(i))
})

test('the last record of a file that is followed comes when nothing was added for a second, or the next one begins', async () => {
  const file = await opened('ERROR one\n  at a\n', { follow: true })
  const first = await readAll(file, undefined, 1)
  expect(first.texts).toEqual(['ERROR one\n  at a'])
  await appendFile(file.path, 'INFO two\nINFO thr')
  const second = await readAll(file, first.after, 2)
  expect(second.texts).toEqual(['INFO two'])
  await appendFile(file.path, 'ee\n')
  expect((await readAll(file, second.after, 2)).texts).toEqual(['INFO three'])
}, 20_000)

test('a record over the limit is a dead letter, and the next one is whole', async () => {
  const file = await opened(`A ${'x'.repeat(50)}\n${'y\n'.repeat(20)}B\n`, { maxRecordBytes: 60 })
  const { texts } = await readAll(file)
  expect(texts.at(-1)).toMatch(/B$/)
})

test.each([undefined, /^[A-Z]/])(
  'leaves out the head of a file, once, with records that begin with %s',
  async (recordStart) => {
    const file = await opened('H1\nH2\nA\nB\n', { headerLines: 2, recordStart } as object)
    const { texts, positions } = await readAll(file)
    expect(texts).toEqual(['A', 'B'])
    expect((await readAll(file, positions[1])).texts).toEqual(['B'])
  },
)

test('the head of a file is lines, whatever they look like, also where it is all there is', async () => {
  const file = await opened('# 1\nH2\n  x\nA\n  a\nB\n', { headerLines: 2 })
  expect((await readAll(file)).texts).toEqual(['  x', 'A\n  a', 'B'])
  expect((await readAll(await opened('# 1\n# 2', { headerLines: 3 }))).texts).toEqual([])
})

test('a head that comes in pieces is passed over, also by who begins in its midst', async () => {
  const file = await opened('# 1\n', { headerLines: 2, follow: true })
  const first = await readAll(file)
  await appendFile(file.path, '# 2\nA\n  a\nB\n')
  expect((await readAll(file, first.after, 2)).texts).toEqual(['A\n  a', 'B'])
}, 20_000)

test('records do not depend on how the content is cut into chunks', () => {
  const line = fc.constantFrom('A1', 'B', ' x', '', ' yy', 'C\r')
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 20 }),
      fc.array(fc.nat(12), { maxLength: 12 }),
      fc.nat(3),
      (lines, cuts, headLines) => {
        const content = lines.map((each) => `${each}\n`).join('')
        const cutAt = (sizes: readonly number[]): string[] => {
          const cutter = new LineCutter(
            1_000,
            { head: new Head(), tail: Buffer.alloc(0), offset: 0 } as never,
            undefined,
            { start: /^[A-Z]/, headLines },
          )
          const found: string[] = []
          const take = (rows: ReturnType<LineCutter['cut']>): number => {
            for (let row = 0; row < rows.length; row++)
              found.push(rows.bytes.toString('utf8', rows.starts[row], rows.ends[row]))
            return rows.length
          }
          let at = 0
          for (const size of [...sizes, content.length]) {
            const part = Buffer.from(content.slice(at, at + size))
            at += size
            if (part.length === 0) continue
            const buffer = Buffer.concat([Buffer.alloc(4_096), part])
            cutter.attach({ buffer, start: 4_096, end: buffer.length } as never)
            while (take(cutter.cut()) > 0);
          }
          take(cutter.finish())
          return found
        }
        expect(cutAt(cuts)).toEqual(cutAt([]))
      },
    ),
  )
})

test('a start may be matched beyond ASCII', async () => {
  const { texts } = await readAll(await opened('時刻 1\n at x\n時刻 2\n', { recordStart: /^時刻/ }))
  expect(texts).toEqual(['時刻 1\n at x', '時刻 2'])
})
