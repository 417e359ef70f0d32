import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** How often each line stands in the visible files below a folder, with the folder of each, so that moved lines count. */
export type Lines = ReadonlyMap<string, number>

/** Reads all visible files below a folder. Throws when one ends in the middle of a line: nobody may ever see that. */
export function linesBelow(folder: string): Lines {
  const lines = new Map<string, number>()
  for (const path of globSync('**/*.ndjson', { cwd: folder }).filter((name) => !/(^|\/)\./.test(name))) {
    const text = readFileSync(join(folder, path), 'utf8')
    if (text !== '' && !text.endsWith('\n')) throw new Error(`${path} ends in the middle of a line`)
    for (const line of text.split('\n').slice(0, -1)) {
      const placed = `${path.replace(/[^/]*$/, '')} ${line}`
      lines.set(placed, (lines.get(placed) ?? 0) + 1)
    }
  }
  return lines
}

/** Number of lines of `a` that `b` has not, or not as often. */
export function missing(a: Lines, b: Lines): number {
  let count = 0
  for (const [line, times] of a) count += Math.max(0, times - (b.get(line) ?? 0))
  return count
}
