import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A line of the output. */
export interface PageWindow {
  readonly path: string
  readonly start: number
  readonly views: number
  readonly visitors: number
  readonly bytes: number
}

/** All windows in the output of a run, by time, then by page. */
export function windowsIn(out: string): PageWindow[] {
  const files = globSync('views/*/*.ndjson', { cwd: out }).filter((path) => !path.includes('/.'))
  const lines = files.flatMap((path) => readFileSync(join(out, path), 'utf8').split('\n').slice(0, -1))
  const windows = lines.map((line) => JSON.parse(line) as PageWindow)
  return windows.toSorted((a, b) => a.start - b.start || (a.path < b.path ? -1 : 1))
}

/** Whether two runs put out the same windows, each as often. */
export const areSame = (a: readonly PageWindow[], b: readonly PageWindow[]): boolean =>
  a.length === b.length && a.every((window, i) => JSON.stringify(window) === JSON.stringify(b[i]))
