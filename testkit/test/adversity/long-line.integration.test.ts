import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { millrace, runJob, summaryOf } from '../support/millrace.ts'
import { expectTally, marks } from '../support/tally.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const mib = 1024 * 1024
const lineBytes = 50 * mib
const before = 1_000
const count = 2_000

/** Marks, and a line of 50 MiB in the middle. */
function writeInput(path: string): void {
  const file = openSync(path, 'w')
  writeSync(file, marks(0, before))
  for (let i = 0; i < lineBytes / mib; i++) writeSync(file, Buffer.alloc(mib, 'x'))
  writeSync(file, `\n${marks(before, count)}`)
  closeSync(file)
}

interface Run {
  readonly deadLetters: unknown
  readonly peakMib: number
}

async function run(input: string, folder: string, name: string): Promise<Run> {
  const out = join(folder, name)
  const env = { NODE_OPTIONS: `--import ${join(import.meta.dirname, '../preload/peak-memory.ts')}` }
  const ended = await runJob({ set: { input, out }, state: join(folder, `${name}.db`), env })
  expectTally(out, count)
  const [, kib] = /peak memory (\d+) KiB/.exec(ended.stderr) ?? []
  return { deadLetters: summaryOf(ended)['deadLetters'], peakMib: Number(kib) / 1024 }
}

test('makes a line of 50 MiB a dead letter with its first 4 KiB, reads its neighbours, and never holds it', async () => {
  const folder = temporaryFolder()
  const [plain, long] = [join(folder, 'plain.ndjson'), join(folder, 'long.ndjson')]
  const packed = `${long}.gz`
  writeFileSync(plain, marks(0, count))
  writeInput(long)
  writeFileSync(
    packed,
    gzipSync(
      Buffer.concat([
        Buffer.from(marks(0, before)),
        Buffer.alloc(lineBytes, 'x'),
        Buffer.from(`\n${marks(before, count)}`),
      ]),
    ),
  )

  const usual = await run(plain, folder, 'usual')
  // what zlib hands out is garbage a while longer, however long the line is
  for (const [input, name, mostMib] of [
    [long, 'long', 40],
    [packed, 'packed', 80],
  ] as const) {
    const { deadLetters, peakMib } = await run(input, folder, name)
    expect(deadLetters).toBe(1)
    expect(peakMib - usual.peakMib).toBeLessThan(mostMib)

    const { stdout } = await millrace('dlq', 'ls', '--json', '--state', join(folder, `${name}.db`))
    expect(JSON.parse(stdout)).toMatchObject([
      {
        code: 'RECORD_TOO_LARGE',
        node: 'marks',
        position: expect.stringMatching(new RegExp(`^${marks(0, before).length}:${before}:`)),
        message: `${input}:${before + 1}: a line of ${lineBytes} bytes is over maxRecordBytes (${mib})`,
        text: 'x'.repeat(4096),
      },
    ])
  }
})
