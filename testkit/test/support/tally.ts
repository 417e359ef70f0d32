import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { linesBelow, type Lines } from '../../crash-files/lines.ts'

const sizeMs = 10_000

/** Lines of marks number `from` up to, not including, `to`: ten a second of event time, of seven keys. */
export function marks(from: number, to: number): string {
  let text = ''
  for (let n = from; n < to; n++) text += `${lineOf(n)}\n`
  return text
}

const timeOf = (n: number): number => Date.UTC(2026, 0, 1) + n * 100
const keyOf = (n: number): string => `k${n % 7}`
const lineOf = (n: number): string => JSON.stringify({ key: keyOf(n), at: timeOf(n), n })

/** Output of the topology `tally` when it is done with marks 0 up to, not including, `count`; worked out without it. */
function tallyOf(count: number): Lines {
  const counts = new Map<string, number>()
  const lines = new Map<string, number>()
  for (let n = 0; n < count; n++) {
    const start = timeOf(n) - (timeOf(n) % sizeMs)
    const window = JSON.stringify({ key: keyOf(n), start, end: start + sizeMs }).slice(0, -1)
    counts.set(window, (counts.get(window) ?? 0) + 1)
    lines.set(`all/ ${lineOf(n)}`, 1)
  }
  for (const [window, n] of counts) lines.set(`counts/ ${window},"n":${n}}`, 1)
  return lines
}

/** Expects the visible output to be that of `count` marks: nothing lost, nothing repeated. */
export function expectTally(out: string, count: number): void {
  const [expected, seen] = [tallyOf(count), linesBelow(out)]
  expect({ lost: without(expected, seen), repeated: without(seen, expected) }).toEqual({ lost: [], repeated: [] })
}

/** Expects the visible output to hold nothing wrong and nothing twice. */
export const expectNoRepeats = (out: string, count: number): void =>
  expect(without(linesBelow(out), tallyOf(count))).toEqual([])

/** Number of marks that are visible. */
export const visibleMarks = (out: string): number => visibleIn(out, 'all/')

/** Number of windows that are visible. */
export const visibleCounts = (out: string): number => visibleIn(out, 'counts/')

function visibleIn(out: string, folder: string): number {
  let visible = 0
  for (const [line, times] of linesBelow(out)) if (line.startsWith(folder)) visible += times
  return visible
}

/** Number of files of marks that are written to and not visible yet. */
export function filesInProgress(out: string): number {
  const folder = join(out, 'all/.inprogress')
  return existsSync(folder) ? readdirSync(folder).length : 0
}

/** Lines of `a` that `b` has not, or not as often: the first five. */
const without = (a: Lines, b: Lines): string[] => {
  const left = [...a].filter(([line, times]) => times > (b.get(line) ?? 0)).map(([line, times]) => `${times} x ${line}`)
  return left.length > 5 ? [...left.slice(0, 5), `and ${left.length - 5} more`] : left
}
