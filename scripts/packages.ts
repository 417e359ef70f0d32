import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Package {
  name: string
  folder: string
}

interface Manifest {
  name: string
  private?: boolean
  workspaces?: string[]
}

const manifest = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

export const root = join(import.meta.dirname, '..')

/** The packages that go to the registry, in the order of the workspaces. */
export function publishedPackages(): Package[] {
  const { workspaces = [] } = manifest(root)
  return workspaces
    .flatMap((workspace) => globSync(`${workspace}/package.json`, { cwd: root }).toSorted())
    .map((path) => ({ path: join(path, '..'), ...manifest(join(root, path, '..')) }))
    .filter((candidate) => candidate.private !== true)
    .map(({ name, path }) => ({ name, folder: join(root, path) }))
}
