import { appendFileSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { from, lines as linesOf, topology } from '@millrace/core'
import { collecting } from '@millrace/core/testing'
import { files } from '@millrace/file'
import { start } from '@millrace/runtime'
import { expect, test, vi } from 'vitest'

function jobOf(folder: string) {
  const out = collecting<{ line: string }>()
  const path = join(folder, '*.log')
  const tail = topology('tail')
    .sources(() => ({
      lines: from(files({ path, decode: linesOf(), follow: true, from: 'end', discoverEvery: '50ms' })),
    }))
    .build(({ lines }) => ({ out: lines.map((line) => ({ line })).to(out) }))
  return { out, tail }
}

test.each([
  ['that was there has', 'old\n', ['two']],
  ['that came while it was stopped has', undefined, ['one', 'two']],
])(
  'a job that begins at the end, and is stopped before it has read, reads what a file %s from then on',
  async (_, before, expected) => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-end-'))
    const state = join(folder, 'state.db')
    const file = join(folder, 'a.log')
    if (before !== undefined) writeFileSync(file, before)
    const since = Date.now()
    await vi.waitUntil(() => Date.now() > since + 20, { interval: 1 })
    const first = start(jobOf(folder).tail, { state, checkpointEvery: '20ms' })
    await vi.waitUntil(() => first.progress().state === 'running', { interval: 1 })
    await first.stop()
    if (before === undefined) writeFileSync(file, 'one\n')
    const { out, tail } = jobOf(folder)
    const job = start(tail, { state, checkpointEvery: '20ms' })
    // it is read, or known to have nothing, before there is more
    await vi.waitUntil(() => job.progress().partitions > 0, 5_000)
    appendFileSync(file, 'two\n')
    await vi.waitFor(() => expect(out.committed.map(({ line }) => line)).toContain('two'), 5_000)
    await job.stop()
    expect(out.committed.map(({ line }) => line)).toEqual(expected)
  },
  20_000,
)
