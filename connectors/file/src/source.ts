import type { Codec, Partition, PartitionList, Position, Reader, Source, SourceContext } from '@millrace/core'
import { resolveFilesOptions } from './options.ts'
import type { FilesOptions, ResolvedFilesOptions } from './options.ts'
import { endOfFile } from './reading/end-of-file.ts'
import { FileFinder } from './reading/file-finder.ts'
import { openReader } from './reading/file-reader.ts'
import type { FileMeta } from './reading/file-records.ts'
import { isSuccessor } from './reading/identity.ts'
import { LostFileReader, lostFile } from './reading/lost-file.ts'
import { comparePositions, startOfFile } from './reading/position.ts'
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
    // A source only ever decodes, so nothing hands its codec values of another type.
    codec: options.decode as Codec<unknown>,
    partitions: (context) => source.partitions(context),
    resolve: (partition, context) => source.resolve(partition, context),
    open: (partition, position, context) => source.open(partition, position, context),
    compare: comparePositions,
  }
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
    let last = ''
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
    if (this.#options.from === 'start' || isNew) return startOfFile
    const place = await this.#finder.locate(id)
    return place === undefined ? startOfFile : endOfFile(place.path, this.#options)
  }

  async open<T>(partition: Partition, position: Position, context: SourceContext): Promise<Reader<T, FileMeta>> {
    const place = await this.#finder.locate(partition.id)
    if (place !== undefined) return openReader(partition, place, position, this.#options, context)
    if (this.#options.follow) return new LostFileReader(partition, position)
    throw lostFile(partition, position)
  }
}

function describe({ paths, follow, from, compression }: ResolvedFilesOptions): string {
  const extras = [follow && 'follow', from === 'end' && "from 'end'", compression !== 'auto' && compression].filter(
    Boolean,
  )
  return `files(${[paths.join(', '), ...extras].join('; ')})`
}
