import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './run-command.ts'

/** The programs that {@link unpackWheel} needs. */
export const wheelClients: readonly string[] = ['python3']

/** Unpacks a Python package, `name==version` for this platform, into a folder; installs nothing. */
export function unpackWheel(requirement: string, into: string, env: NodeJS.ProcessEnv): void {
  const downloads = join(into, 'downloads')
  mkdirSync(downloads)
  const python = (...args: readonly string[]): string => runCommand('python3', ['-m', ...args], { env })
  python('pip', 'download', requirement, '--no-deps', '--only-binary=:all:', '--quiet', '--dest', downloads)
  for (const file of readdirSync(downloads)) python('zipfile', '--extract', join(downloads, file), into)
  rmSync(downloads, { recursive: true })
}
