import { createHash } from 'node:crypto'
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ExportHead, type ExportPart, exportVersion } from '../../../src/cli/transfer/export-format.ts'
import { ExportReader } from '../../../src/cli/transfer/export-reader.ts'
import { ExportWriter } from '../../../src/cli/transfer/export-writer.ts'
import { folder } from '../support/folder.ts'

const head: ExportHead = {
  format: 'millrace-export',
  version: exportVersion,
  at: '2026-11-26T10:00:00.000Z',
  kind: 'redis',
  job: 'views',
  run: 'r.1',
  stages: [{ name: 'views', kind: 'exchange', partitions: 2, sends: [] }],
  consumed: { views: ['0', '17'] },
}

const taskPart = (record: string | undefined, from: number): ExportPart => ({
  part: 'task',
  task: {
    task: 'views/0',
    state: 'ready',
    seq: 1,
    takenAt: record === undefined ? undefined : 5,
    watermark: from,
    partition: undefined,
    start: record,
    parents: ['a'],
    from,
    end: undefined,
    record,
  },
})

const statePart = (bytes: Uint8Array): ExportPart => {
  const hash = createHash('sha256').update(bytes).digest('hex')
  return { part: 'state', task: 'views/0', blob: { id: 'b1', kind: 'base', bytes: bytes.length, hash }, bytes }
}

async function write(path: string, parts: readonly ExportPart[]): Promise<void> {
  await using writer = await ExportWriter.create(path, head)
  for (const part of parts) await writer.write(part)
  await writer.end()
}

async function read(path: string): Promise<{ readonly head: ExportHead; readonly parts: ExportPart[] }> {
  await using reader = await ExportReader.open(path)
  const first = await reader.head()
  const parts = []
  for await (const part of reader.parts()) parts.push(part)
  return { head: first, parts }
}

const anyPart = fc.oneof(
  fc
    .tuple(fc.option(fc.string(), { nil: undefined }), fc.constantFrom(-Infinity, 0, 1.5, Infinity))
    .map((args) => taskPart(...args)),
  fc.uint8Array({ maxLength: 3_000_000, size: 'large' }).map((bytes) => statePart(new Uint8Array(bytes))),
  fc.tuple(fc.nat(9), fc.uint8Array()).map(([partition, bytes]): ExportPart => ({
    part: 'frame',
    exchange: 'views',
    partition,
    bytes: new Uint8Array(bytes),
  })),
)

test('what was written is read, whatever it holds', async () => {
  const path = join(folder(), 'views.export')
  await fc.assert(
    fc.asyncProperty(fc.array(anyPart), async (parts) => {
      await write(path, parts)
      expect(await read(path)).toEqual({ head, parts })
    }),
    { numRuns: 30 },
  )
})

test('begins with a line for people, and holds bytes as they are', async () => {
  const path = join(folder(), 'views.export')
  await write(path, [statePart(new TextEncoder().encode('line\nline'))])
  const [first, second, third, fourth, last] = readFileSync(path, 'utf8').split('\n')
  expect(JSON.parse(first ?? '')).toEqual(head)
  expect(JSON.parse(second ?? '')).toMatchObject({ part: 'state', task: 'views/0', bytes: 9 })
  expect([third, fourth]).toEqual(['line', 'line'])
  expect(JSON.parse(last ?? '')).toEqual({ part: 'end', parts: 1, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
})

test('one that was changed or cut anywhere is refused', async () => {
  const path = join(folder(), 'views.export')
  const parts = [taskPart('{}', 0), statePart(new Uint8Array(100)), taskPart(undefined, 5)]
  await write(path, parts)
  const whole = readFileSync(path)
  const begin = whole.indexOf('\n') + 1
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: begin, max: whole.length - 1 }), fc.boolean(), async (at, isCut) => {
      writeFileSync(path, whole)
      if (isCut) truncateSync(path, at)
      else writeFileSync(path, whole.with(at, (whole[at] ?? 0) ^ 1))
      await expect(read(path)).rejects.toMatchObject({ code: 'CORRUPT_STATE' })
    }),
  )
})

test('a file of another kind or of a later version is refused', async () => {
  const path = join(folder(), 'views.export')
  const says = async (text: string): Promise<string> => {
    writeFileSync(path, text)
    return read(path).then(
      () => '',
      (error: Error) => error.message,
    )
  }
  expect(await says('')).toContain('is none that `millrace checkpoints export` wrote')
  expect(await says('{"format":"other"}\n')).toContain('is none that')
  expect(await says(`${JSON.stringify({ ...head, version: 99 })}\n`)).toContain(
    'is of version 99: a later Millrace wrote it',
  )
  await expect(ExportReader.open(join(folder(), 'none'))).rejects.toThrow('cannot be read')
})

test('one that is not finished is not there', async () => {
  const path = join(folder(), 'views.export')
  {
    await using writer = await ExportWriter.create(path, head)
    await writer.write(taskPart('{}', 0))
  }
  expect([existsSync(path), existsSync(`${path}.unfinished`)]).toEqual([false, false])
})
