import { spawnSync } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { root } from './packages.ts'

export interface RunOptions {
  cwd?: string
  /** Collect what it prints, instead of passing it on. */
  quiet?: boolean
}

/** The exit code of a command, with the repository's own tools (and Node) first on the path. */
export function run(command: string, args: readonly string[], { cwd = root, quiet = false }: RunOptions = {}): number {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env['PATH']}` },
    stdio: quiet ? 'pipe' : 'inherit',
  })
  if (error) throw error
  const failed = status !== 0
  if (quiet && failed) process.stderr.write(`${stdout}${stderr}`)
  return status ?? 1
}

/** As `run`, but a failure throws. */
export function mustRun(command: string, args: readonly string[], options: RunOptions = {}): void {
  const code = run(command, args, options)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}`)
}
