import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { accessLogLines } from '@millrace/file'

/** Writes the logs of so many web servers over the same time: `server-1.log` and so on. */
export function makeLogs(folder: string, servers: number, linesEach: number): void {
  mkdirSync(folder, { recursive: true })
  for (let seed = 1; seed <= servers; seed++) {
    const text = [...accessLogLines({ seed, lines: linesEach }), ''].join('\n')
    writeFileSync(join(folder, `server-${seed}.log`), text)
  }
}
