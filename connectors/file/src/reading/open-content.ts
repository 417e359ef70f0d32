import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { MillraceError } from '@millrace/core'
import { errnoOf } from '../disk/errno.ts'
import type { ResolvedFilesOptions } from '../options.ts'
import type { Chunk } from './chunk.ts'
import { CompressedFeed } from './compressed-feed.ts'
import type { Compression } from './decompressor.ts'
import { FileGuard, readAt, readEnds } from './file-guard.ts'
import { Ends } from './fingerprint.ts'
import { inodeOf } from './identity.ts'
import { PlainFeed } from './plain-feed.ts'
import type { FilePosition } from './position.ts'
import { ReadAhead } from './read-ahead.ts'

/** A file opened at a position. */
export interface Content {
  readonly handle: FileHandle
  readonly feed: ReadAhead
  /** What lies before the position. */
  readonly ends: Ends
  /** Content behind the position that had to be read to get there. */
  readonly first: Chunk | undefined
  /** False when the file does not hold what it held before the position. */
  readonly isSame: boolean
}

/** Opens the content of a file at a position; undefined if another file, or none, has taken its path meanwhile. */
export async function openContent(
  path: string,
  inode: string,
  from: FilePosition,
  options: ResolvedFilesOptions,
): Promise<Content | undefined> {
  const handle = await openInode(path, inode)
  if (!handle) return undefined
  try {
    const compression = await compressionOf(handle, path, options.compression)
    return await (compression ? inflate(handle, path, compression, from, options) : plain(handle, from, options))
  } catch (error) {
    await handle.close()
    throw readError(error, path)
  }
}

/** Turns an error of the operating system into one that says what could not be read. */
export function readError(error: unknown, path: string): unknown {
  const code = errnoOf(error)
  if (error instanceof MillraceError || code === undefined) return error
  const isDenied = code === 'EACCES' || code === 'EPERM'
  const cure = isDenied ? '; let the user of this process read it' : ''
  const message = `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}${cure}`
  return new MillraceError('SOURCE', message, { cause: error, retryable: !isDenied })
}

/** A path may lead to another file from one call to the next, so what was opened is looked at. */
async function openInode(path: string, inode: string): Promise<FileHandle | undefined> {
  try {
    const handle = await open(path)
    if (inodeOf(await handle.stat({ bigint: true })) === inode) return handle
    await handle.close()
    return undefined
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw readError(error, path)
  }
}

async function plain(handle: FileHandle, from: FilePosition, options: ResolvedFilesOptions): Promise<Content> {
  const { size } = await handle.stat()
  const ends = await readEnds(handle, from.offset)
  const isSame = ends !== undefined && isAtMark(ends, from)
  const known = ends ?? new Ends()
  const guard = options.follow ? new FileGuard(handle, known) : undefined
  const feed = new ReadAhead(new PlainFeed(handle, from.offset, size, guard))
  return { handle, feed, ends: known, first: undefined, isSame }
}

/** The way to an offset leads through all content before it. */
async function inflate(
  handle: FileHandle,
  path: string,
  compression: Compression,
  from: FilePosition,
  options: ResolvedFilesOptions,
): Promise<Content> {
  if (options.verify && !options.follow && from.offset === 0) await verify(handle, path, compression)
  const guard = options.follow ? new FileGuard(handle, new Ends()) : undefined
  const feed = new ReadAhead(new CompressedFeed(handle, compression, path, guard))
  const ends = new Ends()
  let first: Chunk | undefined
  while (ends.offset < from.offset) {
    const next = await feed.next()
    if (typeof next === 'string') break
    const end = Math.min(next.end, next.start + from.offset - ends.offset)
    ends.see(next.buffer.subarray(next.start, end))
    first = end < next.end ? { ...next, start: end } : undefined
  }
  return { handle, feed, ends, first, isSame: ends.offset === from.offset && isAtMark(ends, from) }
}

/** Reads all of a compressed file for its checksums; rejects if it is damaged. What was begun was verified before. */
async function verify(handle: FileHandle, path: string, compression: Compression): Promise<void> {
  const feed = new CompressedFeed(handle, compression, path)
  try {
    while (typeof (await feed.next()) !== 'string');
    await feed.finish()
  } finally {
    feed.destroy()
  }
}

const isAtMark = (ends: Ends, { offset, mark }: FilePosition): boolean => offset === 0 || ends.mark() === mark

async function compressionOf(
  handle: FileHandle,
  path: string,
  option: ResolvedFilesOptions['compression'],
): Promise<Compression | undefined> {
  if (option === 'none') return undefined
  if (option !== 'auto') return option
  const magic = await readAt(handle, 0, 4)
  if (magic.length < 4) return path.endsWith('.gz') ? 'gzip' : path.endsWith('.zst') ? 'zstd' : undefined
  if (magic.readUInt16BE(0) === 0x1f8b) return 'gzip'
  return magic.readUInt32BE(0) === 0x28b52ffd ? 'zstd' : undefined
}
