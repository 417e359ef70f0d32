import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startKinesis } from '@millrace/kinesis/testing'
import { describe, expect, test } from 'vitest'

/** A process that logs lines while the stream is away, and ends. @returns what it has told of it */
async function logs(lines: number, how: string, options: object): Promise<string> {
  await using server = await startKinesis()
  server.create('logs', 1)
  server.faults.inject({ operation: 'PutRecords', kind: { type: 'error', code: 'InternalFailure' } })
  const main = join(import.meta.dirname, 'fixtures/pino-main.ts')
  const args = ['--conditions', '@millrace/source', main, server.endpoint, `${lines}`, how, JSON.stringify(options)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'pipe'] })
  const [told, end] = await Promise.all([text(child.stderr), once(child, 'exit')])
  expect(end).toEqual([0, null])
  return told
}

describe.each(['exit', 'end'])('a process that ends (%s) while the stream is away', (how) => {
  test.each([
    ['', 20, {}],
    [' with a full buffer', 500, { maxBufferedBytes: 10_000 }],
  ])('leaves its lines in the spool%s', async (_, count, options) => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-pino-'))
    expect(await logs(count, how, { ...options, spool: { folder } })).toBe('')
    const lines = globSync(`${folder}/*.ndjson`)
      .toSorted()
      .flatMap((path) => readFileSync(path, 'utf8').trim().split('\n'))
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(
      Array.from({ length: count }, (__, n) => `line ${n}`),
    )
  })

  test.each([
    ['', 20, {}],
    [' with a full buffer', 500, { maxBufferedBytes: 10_000 }],
  ])('tells what is lost where it has none%s', async (_, count, options) => {
    const told = (await logs(count, how, options)).trim().split('\n')
    const lost = told.map((line) => Number(/are lost: (\d+) could not be put in time; give `spool`/.exec(line)?.[1]))
    expect(lost.reduce((sum, lines) => sum + lines)).toBe(count)
  })
})
