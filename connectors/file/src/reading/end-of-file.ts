import type { Position } from '@millrace/core'
import type { ResolvedFilesOptions } from '../options.ts'
import { readAt, readEnds } from './file-guard.ts'
import { LineCutter } from './line-cutter.ts'
import type { Content } from './open-content.ts'
import { formatPosition, startOfFile } from './position.ts'

const newline = 10
const blockBytes = 64 * 1024

/** Position behind the last complete line of a file just opened: the line that is being written counts as one to come. */
export const endOfFile = (content: Content, options: ResolvedFilesOptions): Promise<Position> =>
  content.feed.size === undefined ? readThrough(content, options) : searchBack(content, content.feed.size)

async function searchBack({ handle }: Content, size: number): Promise<Position> {
  for (let end = size; end > 0; end -= blockBytes) {
    const start = Math.max(0, end - blockBytes)
    const found = (await readAt(handle, start, end - start)).lastIndexOf(newline)
    if (found < 0) continue
    const ends = await readEnds(handle, start + found + 1)
    if (ends) return formatPosition(ends.offset, undefined, ends.mark())
  }
  return startOfFile
}

async function readThrough({ feed, ends }: Content, options: ResolvedFilesOptions): Promise<Position> {
  const cutter = new LineCutter(options.maxRecordBytes, ends, 0)
  for (let next = await feed.next(); typeof next !== 'string'; next = await feed.next()) {
    cutter.attach(next)
    while (cutter.cut().length > 0 || cutter.takeLong().length > 0);
  }
  return cutter.position
}
