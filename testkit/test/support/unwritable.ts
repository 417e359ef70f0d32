import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { onTestFinished } from 'vitest'

const isRoot = process.getuid?.() === 0

/** Whether {@link forbidWriting} works here: permissions do not hold root back, and not every file system has flags. */
export function mayForbid(): boolean {
  return !isRoot || spawnSync('chattr', ['-V']).error === undefined
}

/** Makes a folder one that nobody can write to. @returns what undoes it; the end of the test does so too */
export function forbidWriting(folder: string): () => void {
  const allow = (): void => (isRoot ? chattr('-i', folder) : chmodSync(folder, 0o755))
  if (isRoot) chattr('+i', folder)
  else chmodSync(folder, 0o555)
  onTestFinished(allow)
  return allow
}

const chattr = (flag: string, path: string): void => void execFileSync('chattr', [flag, path], { stdio: 'ignore' })
