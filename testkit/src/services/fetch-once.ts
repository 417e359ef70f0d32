import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder that is there either whole or not at all, whoever is killed meanwhile. Of several processes that fill
 * it at once the first wins; the others throw theirs away, as waiting for one that may have died is the harder thing.
 */
export function fetchOnce(folder: string, fill: (into: string) => void): void {
  mkdirSync(dirname(folder), { recursive: true })
  const own = mkdtempSync(`${folder}.`)
  try {
    fill(own)
    publish(own, folder)
  } finally {
    rmSync(own, { recursive: true, force: true })
  }
}

function publish(own: string, folder: string): void {
  try {
    renameSync(own, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  }
}
