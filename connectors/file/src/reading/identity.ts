import type { BigIntStats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { fnv1a, headBytes } from './fingerprint.ts'
import { readAt } from './file-guard.ts'

const newline = 10

/**
 * Names one life of an inode: device, number and time of birth, as an inode number is given again once it is free. The
 * last is 0 where the file system keeps none.
 */
export const inodeOf = ({ dev, ino, birthtimeNs }: BigIntStats): string =>
  [dev, ino, birthtimeNs > 0n ? birthtimeNs : 0n].map((part) => part.toString(36)).join('.')

/** {@link inodeOf} the file that a partition was found in. */
export const inodeOfPartition = (id: string): string => id.split('.', 3).join('.').replace(/#.*/, '')

/**
 * Id of the partition that a file is when discovery finds it: its inode and `#0`. Must come out the same after a restart
 * and however much the file has grown, so where there is no time of birth the first line stands for it; undefined as long
 * as that line is not complete.
 */
export async function identify(path: string, stats: BigIntStats, isComplete: boolean): Promise<string | undefined> {
  const inode = inodeOf(stats)
  if (hasBirth(inode)) return `${inode}#0`
  const handle = await open(path)
  try {
    if (inodeOf(await handle.stat({ bigint: true })) !== inode) return undefined
    const line = await firstLine(handle, isComplete)
    return line === undefined ? undefined : `${inode}.${line}#0`
  } finally {
    await handle.close()
  }
}

/** Id of what a file is after it was truncated; undefined as long as it cannot be told from what it was. */
export async function succeed(id: string, handle: FileHandle): Promise<string | undefined> {
  const [content = '', incarnation] = id.split('#')
  const next = `${content}#${Number(incarnation) + 1}`
  const inode = inodeOfPartition(id)
  if (hasBirth(inode)) return next
  const line = await firstLine(handle, false)
  if (line === undefined) return undefined
  const found = `${inode}.${line}`
  return found === content ? next : `${found}#0`
}

/** Whether a file has been truncated since it was found. */
export const isSuccessor = (id: string): boolean => !id.endsWith('#0')

const hasBirth = (inode: string): boolean => !inode.endsWith('.0')

async function firstLine(handle: FileHandle, isComplete: boolean): Promise<string | undefined> {
  const head = await readAt(handle, 0, headBytes)
  const end = head.indexOf(newline)
  if (end < 0 && head.length < headBytes && !isComplete) return undefined
  return fnv1a(head, 0, end < 0 ? head.length : end).toString(36)
}
