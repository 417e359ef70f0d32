import type { BigIntStats } from 'node:fs'
import { glob, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { badOption } from '@millrace/core'
import type { ResolvedFilesOptions } from '../options.ts'
import { errnoOf } from '../disk/errno.ts'
import { identify, inodeOf, inodeOfPartition } from './identity.ts'

/** A file that matches. */
export interface FoundFile {
  readonly path: string
  readonly inode: string
  /** Id of its partition. */
  readonly id: string
}

/** Where a file is. */
export interface Place {
  readonly path: string
  /** Whether it no longer has a name that matches. */
  readonly isRotated: boolean
}

const hidden = /(^|\/)\.[^./]/
const magic = /[*?[\]{}!()]/
const atOnce = 64

/** Finds the files of a source, and where one has gone that was renamed. */
export class FileFinder {
  readonly #options: Pick<ResolvedFilesOptions, 'paths' | 'exclude' | 'follow'>
  /** Where each inode was last seen. */
  #paths: ReadonlyMap<string, string> = new Map()

  constructor(options: Pick<ResolvedFilesOptions, 'paths' | 'exclude' | 'follow'>) {
    this.#options = options
  }

  /** All files that match, sorted by path, each inode once. Rejects for a pattern without match unless following. */
  async find(): Promise<readonly FoundFile[]> {
    const paths = new Set<string>()
    for (const pattern of this.#options.paths)
      for (const path of await this.#matches(pattern)) if (this.#options.exclude?.test(path) !== true) paths.add(path)
    const found = new Map<string, FoundFile>()
    for (const file of await this.#look([...paths].sort())) if (!found.has(file.inode)) found.set(file.inode, file)
    this.#paths = new Map([...found.values()].map(({ inode, path }) => [inode, path]))
    return [...found.values()]
  }

  /** Where the file of a partition is: also after a rename within its folder. */
  async locate(id: string): Promise<Place | undefined> {
    const inode = inodeOfPartition(id)
    const known = this.#paths.get(inode)
    if (known !== undefined && (await isAt(known, inode))) return { path: known, isRotated: false }
    const file = (await this.find().catch(() => [])).find((found) => found.inode === inode)
    if (file) return { path: file.path, isRotated: false }
    const path = await this.#locateBeside(inode)
    return path === undefined ? undefined : { path, isRotated: true }
  }

  async #matches(pattern: string): Promise<string[]> {
    const stats = await statIfThere(pattern)
    if (stats && !stats.isFile()) throw badOption(`files: ${pattern} is not a file; for a folder write ${pattern}/*`)
    if (stats) return [pattern]
    const matches = magic.test(pattern) ? await globbed(pattern) : []
    if (matches.length > 0 || this.#options.follow) return matches
    throw badOption(
      `files: nothing matches ${pattern} (from ${process.cwd()}); correct \`path\`, or set \`follow\` to wait for it`,
    )
  }

  async #look(paths: readonly string[]): Promise<readonly FoundFile[]> {
    const found: FoundFile[] = []
    for (let i = 0; i < paths.length; i += atOnce) {
      const files = await Promise.all(paths.slice(i, i + atOnce).map((path) => this.#lookAt(path)))
      for (const file of files) if (file) found.push(file)
    }
    return found
  }

  async #lookAt(path: string): Promise<FoundFile | undefined> {
    try {
      const stats = await statIfThere(path)
      if (!stats?.isFile()) return undefined
      const id = await identify(path, stats, !this.#options.follow)
      return id === undefined ? undefined : { path, inode: inodeOf(stats), id }
    } catch (error) {
      // Gone between two looks, as files are that rotate.
      if (errnoOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  async #locateBeside(inode: string): Promise<string | undefined> {
    const folders = new Set(
      [...this.#paths.values(), ...this.#options.paths.map(withoutMagic)].map((path) => dirname(path)),
    )
    for (const folder of folders) {
      for (const name of await readdir(folder).catch(() => [])) {
        const path = join(folder, name)
        if (await isAt(path, inode)) return path
      }
    }
    return undefined
  }
}

/** Whether a path leads to an inode. */
export async function isAt(path: string, inode: string): Promise<boolean> {
  const stats = await statIfThere(path).catch(() => undefined)
  return stats !== undefined && inodeOf(stats) === inode
}

/** Hidden files, such as those that are still written to, take a pattern that says so. */
async function globbed(pattern: string): Promise<string[]> {
  const showsHidden = hidden.test(pattern)
  const matches: string[] = []
  for await (const match of glob(pattern)) if (showsHidden || !hidden.test(match)) matches.push(match)
  return matches
}

async function statIfThere(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true })
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

/** The part of a pattern that leads to a folder for certain, with a name at its end. */
function withoutMagic(pattern: string): string {
  const parts = pattern.split('/')
  const first = parts.findIndex((part) => magic.test(part))
  return first < 0 ? pattern : [...parts.slice(0, first), '*'].join('/')
}
