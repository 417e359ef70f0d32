import { rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { backplaneConformance, type BackplaneStore } from '@millrace/core/testing'
import { expect, test } from 'vitest'
import { embeddedBackplane } from '../../../src/backplane/embedded/embedded-backplane.ts'
import { systemWorld } from '../../../src/world.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

backplaneConformance({ test, expect, create: async () => embeddedStore() })

function embeddedStore(): BackplaneStore {
  const folder = temporaryFolder()
  const path = `${folder}/state.db`
  const dead = new Set<string>()
  let now = Date.UTC(2026, 0, 1)
  const world = { ...systemWorld, clock: { now: () => now } }
  const livenessOf = (owner: string): 'dead' | 'unknown' => (dead.has(owner) ? 'dead' : 'unknown')
  return {
    connect: async () => embeddedBackplane({ path, world, livenessOf }),
    advance: async (ms) => {
      now += ms
    },
    damage: async (blob, how) => {
      using db = new DatabaseSync(path)
      const sql = {
        missing: 'DELETE FROM chunk WHERE blob = ?',
        shorter: 'UPDATE chunk SET bytes = substr(bytes, 2) WHERE blob = ?',
        changed: `UPDATE chunk SET bytes = CAST(X'00' || substr(bytes, 2) AS BLOB) WHERE blob = ?`,
      }
      db.prepare(sql[how]).run(blob.id)
    },
    kill: async (owner) => {
      dead.add(owner)
    },
    dispose: async () => rmSync(folder, { recursive: true }),
  }
}
