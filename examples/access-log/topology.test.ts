import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { at, crash, drive } from '@millrace/core/testing'
import { accessLogLines } from '@millrace/file'
import { run } from '@millrace/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { plain } from './plain.ts'
import accessLogs from './topology.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'access-log-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A log with requests up to 100 s out of order, repeated lines and one that is none. */
function writeLog(): string {
  const lines = [...accessLogLines({ seed: 5, lines: 6_000 })]
  const shuffled = lines.flatMap((line, i) =>
    i % 1_000 === 999 ? lines.slice(i - 999, i + 1).toReversed() : i % 1_000 === 0 ? [line] : [],
  )
  const text = [...shuffled, ...shuffled.slice(-20), 'this is no request'].join('\n')
  writeFileSync(join(folder, 'access.log'), text)
  return text
}

const rows = (sink: string): unknown[] =>
  globSync(`out/${sink}/**/*.ndjson`, { cwd: folder })
    .flatMap((path) => readFileSync(join(folder, path), 'utf8').trimEnd().split('\n'))
    .map((line) => JSON.parse(line) as unknown)

const sorted = (windows: readonly unknown[]): string[] => windows.map((window) => JSON.stringify(window)).toSorted()

for (const window of ['tumbling', 'sliding'] as const) {
  test(`gives the same ${window} windows as a plain script, and every line ends somewhere`, async () => {
    const expected = plain(writeLog(), window)
    await run(accessLogs, { set: { input: join(folder, 'access.log'), out: join(folder, 'out'), window } })
    const views = rows('views')
    expect(sorted(views)).toEqual(sorted(expected.windows))
    expect(rows('late')).toHaveLength(expected.late)
    expect(rows('dead')).toHaveLength(expected.undecodable)
    expect(expected.late).toBeGreaterThan(0)
    const counted = views.reduce((sum: number, row) => sum + (row as { views: number }).views, 0)
    if (window === 'tumbling')
      expect(counted + expected.late + expected.undecodable + expected.bots + expected.duplicates).toBe(expected.lines)
  })
}

test('counts a request once, whatever is repeated or crashes', async () => {
  const request = {
    host: 'h',
    method: 'GET',
    path: '/',
    protocol: 'HTTP/1.1',
    status: 200,
    bytes: 10,
    agent: 'Mozilla',
  }
  const first = at(5_000, { ...request, at: 5_000 })
  const driver = drive(accessLogs, { set: { window: 'tumbling' } })
  await driver.send('requests', first, crash(), first, at(9_000, { ...request, at: 9_000 }), crash())
  expect((await driver.finish()).views).toEqual([
    { path: '/', start: 0, end: 60_000, views: 2, visitors: 1, bytes: 20 },
  ])
})
