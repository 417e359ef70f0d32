import { stat } from 'node:fs/promises'
import type { Partition, PartitionList, Position, Reader, Source, SourceContext } from '@millrace/core'
import { resolveFilesOptions } from './options.ts'
import type { FilesOptions, ResolvedFilesOptions } from './options.ts'
import { endOfFile } from './reading/end-of-file.ts'
import { FileFinder } from './reading/file-finder.ts'
import type { Place } from './reading/file-finder.ts'
import { FileReader } from './reading/file-reader.ts'
import type { FileMeta } from './reading/file-records.ts'
import { inodeOfPartition, isSuccessor } from './reading/identity.ts'
import { changedFile, LostFileReader, lostFile } from './reading/lost-file.ts'
import { openContent } from './reading/open-content.ts'
import type { Content } from './reading/open-content.ts'
import { comparePositions, parsePosition, startOfFile } from './reading/position.ts'
import { wait } from './reading/wait.ts'

/**
 * Reads files line by line, compressed ones too: each file is a partition, and its lines keep their order. Without
 * `follow` the job ends when all are read; with it, it goes on through rotation and truncation.
 *
 * A position is a byte offset with a hash of what lies before it, so a restart never goes on in the middle of another
 * file of the same name.
 *
 * @example
 * ```ts
 * from(files({ path: 'logs/*.log', decode: accessLog(), follow: true }), { eventTime: 'at' })
 * ```
 */
export function files<T>(options: FilesOptions<T>): Source<T, FileMeta> {
  const resolved = resolveFilesOptions(options)
  const source = new FileSource(resolved)
  return {
    kind: 'file',
    description: describe(resolved),
    codec: options.decode,
    partitions: (context) => source.partitions(context),
    resolve: (partition, context) => source.resolve(partition, context),
    open: (partition, position, context) => source.open(partition, position, context),
    compare: comparePositions,
  }
}

/** File systems note the time of the last tick. */
const tickMs = 10
/** How often a file is looked for before it counts as gone. */
const looks = 4
const betweenLooksMs = 50

interface Opened {
  readonly place: Place
  readonly content: Content
}

class FileSource {
  readonly #options: ResolvedFilesOptions
  readonly #finder: FileFinder
  /** What discovery found first, from which `from: 'end'` leaves out what is there. */
  #atStart: ReadonlySet<string> | undefined

  constructor(options: ResolvedFilesOptions) {
    this.#options = options
    this.#finder = new FileFinder(options)
  }

  async *partitions({ signal }: SourceContext): AsyncGenerator<PartitionList> {
    // that there are none is a list, too: what comes later was not there at the start
    let last: string | undefined
    while (!signal.aborted) {
      const ids = (await this.#finder.find()).map(({ id }) => id)
      this.#atStart ??= new Set(ids)
      const list = { partitions: ids.map((id) => ({ id })), final: !this.#options.follow }
      if (list.final || last !== ids.join()) yield list
      if (list.final) return
      last = ids.join()
      await wait(this.#options.discoverEveryMs, signal)
    }
  }

  async resolve({ id }: Partition, context: SourceContext): Promise<Position> {
    const isNew = context.isResumed || isSuccessor(id) || this.#atStart?.has(id) === false
    const opened = this.#options.from === 'start' || isNew ? undefined : await this.#open(id, startOfFile, context)
    if (!opened) return startOfFile
    try {
      // of a process that was stopped before it has looked, the next one finds what has come since
      const { birthtimeMs } = await stat(opened.place.path)
      if (birthtimeMs > (context.beganAt ?? Infinity) - tickMs) return startOfFile
      return await endOfFile(opened.content, this.#options)
    } finally {
      await opened.content.feed.close()
    }
  }

  async open<T>(partition: Partition, position: Position, context: SourceContext): Promise<Reader<T, FileMeta>> {
    const opened = await this.#open(partition.id, position, context)
    if (!opened && this.#options.follow) return new LostFileReader(partition, position)
    if (!opened) throw lostFile(partition, position)
    const { place, content } = opened
    if (!content.isSame && !this.#options.follow) {
      await content.feed.close()
      throw changedFile(place.path, partition, position)
    }
    const origin = { partition: partition.id, ...place }
    return new FileReader(origin, content, parsePosition(position).line, this.#options, context)
  }

  /** Opens a file wherever it is. It may be renamed while it is looked for, so one look is not enough to call it gone. */
  async #open(id: string, position: Position, { signal }: SourceContext): Promise<Opened | undefined> {
    for (let look = 0; look < looks; look++) {
      const place = await this.#finder.locate(id)
      const from = parsePosition(position)
      const content = place && (await openContent(place.path, inodeOfPartition(id), from, this.#options))
      if (content) return { place, content }
      await wait(betweenLooksMs, signal)
    }
    return undefined
  }
}

function describe({ paths, follow, from, compression }: ResolvedFilesOptions): string {
  const extras = [follow && 'follow', from === 'end' && "from 'end'", compression !== 'auto' && compression].filter(
    Boolean,
  )
  return `files(${[paths.join(', '), ...extras].join('; ')})`
}
