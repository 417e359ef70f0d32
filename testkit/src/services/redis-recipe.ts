import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { debianClients, debianLibraries, unpackDebianPackage } from './debian-package.ts'
import type { Recipe } from './program.ts'

/** Redis: Debian's package of its tools holds the server, as all are one program that goes by its name. */
export const redisRecipe: Recipe = {
  name: 'redis-server',
  folder: 'redis',
  clients: debianClients,
  fetch(into, env) {
    unpackDebianPackage('redis-tools', into, env)
    symlinkSync('redis-check-rdb', join(into, 'usr/bin/redis-server'))
  },
  programIn: (folder) => ({
    command: join(folder, 'usr/bin/redis-server'),
    env: { LD_LIBRARY_PATH: debianLibraries(folder) },
  }),
}
