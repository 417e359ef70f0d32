import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fixture } from './fixture.ts'
import { folder } from './folder.ts'
import { bin } from './millrace.ts'
import { spawnSync } from 'node:child_process'

/** Where `millrace run` keeps the state of the job `page-views`. */
export const stateFile = '.millrace/page-views.db'

let bytes: Promise<Buffer> | undefined

/** A folder in which the topology `page-views` has run to its end: two checkpoints and more, two dead letters. */
export async function finishedJob(): Promise<string> {
  bytes ??= runOnce()
  const cwd = folder()
  mkdirSync(join(cwd, '.millrace'))
  writeFileSync(join(cwd, stateFile), await bytes)
  return cwd
}

async function runOnce(): Promise<Buffer> {
  const cwd = await mkdtemp(join(tmpdir(), 'millrace-cli-'))
  spawnSync(process.execPath, [bin, 'run', fixture('page-views')], { cwd })
  const state = readFileSync(join(cwd, stateFile))
  rmSync(cwd, { recursive: true })
  return state
}
