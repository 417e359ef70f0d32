import type { Partition, Position, RefusedRow, Source, SourceContext } from '@millrace/core'
import type { FileMeta } from '@millrace/file'
import { onTestFinished } from 'vitest'

type Files = Source<string, FileMeta>

/** What the framework gives to a source. */
export const context: SourceContext = { clock: { now: () => Date.now() }, signal: new AbortController().signal }

/** All that was read of one partition. */
export interface Content {
  readonly partition: Partition
  readonly values: string[]
  readonly positions: Position[]
  readonly metas: FileMeta[]
  readonly refused: RefusedRow[]
  /** Rows that the codec refused. */
  readonly undecodable: number[]
  /** Position behind the last record that was handed over. */
  last: Position
  error?: unknown
}

/** The first list of partitions. */
export async function listOf(source: Files): Promise<readonly Partition[]> {
  for await (const { partitions } of source.partitions(context)) return partitions
  return []
}

/** Reads a partition to its end, or to an error. */
export async function readPartition(source: Files, partition: Partition, from?: Position): Promise<Content> {
  const start = from ?? (await source.resolve(partition, context))
  const content: Content = {
    partition,
    values: [],
    positions: [],
    metas: [],
    refused: [],
    undecodable: [],
    last: start,
  }
  try {
    await readInto(source, content, context.signal)
  } catch (error) {
    content.error = error
  }
  return content
}

/** Reads all files of a source that ends. */
export async function readFiles(source: Files): Promise<readonly Content[]> {
  const contents: Content[] = []
  for (const partition of await listOf(source)) contents.push(await readPartition(source, partition))
  return contents
}

async function readInto(source: Files, content: Content, signal: AbortSignal): Promise<readonly Partition[]> {
  const reader = await source.open(content.partition, content.last, context)
  const decoder = source.codec!.decoder()
  try {
    while (!signal.aborted) {
      const read = await reader.read(signal)
      if (read.type === 'end') return read.children ?? []
      if (read.type === 'records') {
        content.refused.push(...(read.refused ?? []))
        const values: unknown[] = []
        const rows = new Int32Array(read.slab?.length ?? 0)
        const count = read.slab
          ? decoder.decode(read.slab, 0, rows.length, values, rows, (row) => content.undecodable.push(row))
          : 0
        for (let i = 0; i < count; i++) {
          content.values.push(String(values[i]))
          content.positions.push(read.positionOf(rows[i]!))
          content.metas.push(read.metaOf(rows[i]!))
        }
      }
      content.last = read.position
    }
    return []
  } finally {
    await reader.close()
  }
}

/** Does what the framework does with files that are followed: reads what discovery finds, and the children of what ends. */
export class Follower {
  readonly contents: Content[] = []
  readonly ended: string[] = []
  readonly #source: Files
  readonly #stop = new AbortController()
  readonly #running: Promise<void>[] = []

  /** @param known where to go on with partitions that were read before; those at `end` are not read again */
  constructor(source: Files, known: ReadonlyMap<string, Position | 'end'> = new Map()) {
    this.#source = source
    for (const [id, position] of known) {
      if (position === 'end') this.ended.push(id)
      else this.#begin({ id }, position)
    }
    this.#running.push(this.#discover())
    onTestFinished(async () => void (await this.stop()))
  }

  /** All values, partition after partition. */
  get values(): string[] {
    return this.contents.flatMap(({ values }) => values)
  }

  get refused(): RefusedRow[] {
    return this.contents.flatMap(({ refused }) => refused)
  }

  /** Stops as the framework does, and says where it stood. */
  async stop(): Promise<ReadonlyMap<string, Position | 'end'>> {
    this.#stop.abort()
    await Promise.all(this.#running)
    const open = this.contents.map(({ partition, last }) => [partition.id, last] as const)
    return new Map([...open, ...this.ended.map((id) => [id, 'end'] as const)])
  }

  async #discover(): Promise<void> {
    for await (const { partitions } of this.#source.partitions({ ...context, signal: this.#stop.signal })) {
      for (const partition of partitions) this.#begin(partition)
    }
  }

  #begin(partition: Partition, from?: Position): void {
    const isKnown = this.contents.some((content) => content.partition.id === partition.id)
    if (!isKnown && !this.ended.includes(partition.id)) this.#running.push(this.#read(partition, from))
  }

  async #read(partition: Partition, from: Position | undefined): Promise<void> {
    const content: Content = { partition, values: [], positions: [], metas: [], refused: [], undecodable: [], last: '' }
    this.contents.push(content)
    content.last = from ?? (await this.#source.resolve(partition, context))
    const children = await readInto(this.#source, content, this.#stop.signal)
    if (this.#stop.signal.aborted) return
    this.ended.push(partition.id)
    for (const child of children) this.#begin(child)
  }
}
