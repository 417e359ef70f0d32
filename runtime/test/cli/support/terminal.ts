import { spawnSync } from 'node:child_process'
import { bin, type Place, type Started, startProgram } from './millrace.ts'

/** Of util-linux: gives a command a terminal of its own. */
const script = 'script'

/** Whether commands can be run on a terminal here. */
export const hasTerminal: boolean =
  spawnSync(script, ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false

/** Starts the command on a terminal of its own, 100 columns wide. */
export function onTerminal(args: readonly string[], place: Place): Started {
  const command = [process.execPath, bin, ...args].map((arg) => `'${arg}'`).join(' ')
  return startProgram(script, ['-qefc', `stty cols 100 rows 40 -echo; exec ${command}`, '/dev/null'], place)
}

const escape = '\x1b'

/** Lines, the control sequences that the command uses, and text. */
const parts = new RegExp(`\\r?\\n|\\r|${escape}\\[(\\d+)A|${escape}\\[0J|[^\\r\\n${escape}]+`, 'g')

/** What a terminal shows after this was written to it, line by line. */
export function screenOf(written: string): string[] {
  const lines: string[] = ['']
  let row = 0
  for (const [part, up] of written.matchAll(parts)) {
    if (up !== undefined) row = Math.max(0, row - Number(up))
    else if (part.endsWith('\n')) lines[++row] ??= ''
    else if (part === `${escape}[0J`) lines.splice(row, Infinity, '')
    else if (part !== '\r') lines[row] += part
  }
  return lines
}
