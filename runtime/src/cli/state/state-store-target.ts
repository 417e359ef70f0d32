import { badOption } from '@millrace/core'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where bases and deltas of state go: beside the checkpoints in the same Redis, or into a folder that all workers see. */
export type StateStoreTarget = { readonly type: 'redis' } | { readonly type: 'file'; readonly dir: string }

/** Reads the value of `--state-store`. Throws BAD_OPTION. */
export function stateStoreTarget(text = 'redis', cwd: string): StateStoreTarget {
  if (text === 'redis') return { type: 'redis' }
  if (text.startsWith('file://')) return { type: 'file', dir: fileURLToPath(text) }
  const [, dir] = /^file:(.+)$/.exec(text) ?? []
  if (dir !== undefined) return { type: 'file', dir: resolve(cwd, dir) }
  throw badOption("--state-store: must be 'redis', or file: and the path of a folder that all workers see")
}
