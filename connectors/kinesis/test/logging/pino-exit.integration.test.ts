import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startKinesis } from '@millrace/kinesis/testing'
import { expect, test } from 'vitest'

test.each(['exit', 'end'])(
  'a process that ends (%s) while the stream is away leaves its lines in the spool',
  async (how) => {
    await using server = await startKinesis()
    server.create('logs', 1)
    server.faults.inject({ operation: 'PutRecords', kind: { type: 'error', code: 'InternalFailure' } })
    const folder = mkdtempSync(join(tmpdir(), 'millrace-pino-'))
    const main = join(import.meta.dirname, 'fixtures/pino-main.ts')
    const args = ['--conditions', '@millrace/source', main, server.endpoint, folder, how]
    const child = spawn(process.execPath, args, { stdio: 'inherit' })
    expect(await once(child, 'exit')).toEqual([0, null])
    const lines = globSync(`${folder}/*.ndjson`).flatMap((path) => readFileSync(path, 'utf8').trim().split('\n'))
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(
      Array.from({ length: 20 }, (_, n) => `line ${n}`),
    )
  },
)
