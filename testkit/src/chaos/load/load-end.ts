import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const fileName = 'load-end'

/** Says that the load has so many generations. To be said before the last of them begins, and once. */
export function endLoad(folder: string, generations: number): void {
  const path = join(folder, fileName)
  writeFileSync(`${path}.tmp`, String(generations))
  renameSync(`${path}.tmp`, path)
}

/** How many generations the load has; undefined while nobody has said so. */
export function loadEnd(folder: string): number | undefined {
  try {
    return Number(readFileSync(join(folder, fileName), 'utf8'))
  } catch {
    return undefined
  }
}
