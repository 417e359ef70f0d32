import type { Partition, Reader, RefusedRow, Source } from '@millrace/core'
import { kinesis, type KinesisMeta, type KinesisOptions } from '@millrace/kinesis'
import type { KinesisStandIn } from '@millrace/kinesis/testing'
import { text } from './text.ts'

/** Reads through a shard. */
export interface Reading {
  readonly texts: string[]
  readonly metas: KinesisMeta[]
  readonly refused: RefusedRow[]
  /** Behind what was read last. */
  position: string
  /** Undefined while the shard goes on. */
  children: readonly Partition[] | undefined
}

export const sourceOf = (
  server: KinesisStandIn,
  options: Partial<KinesisOptions<string>> = {},
): Source<string, KinesisMeta> =>
  kinesis({
    stream: 's',
    decode: text,
    pollEvery: '10ms',
    rate: { callsPerSecond: 100 },
    ...server.clientOptions,
    ...options,
  })

/** The shards that a source lists. */
export async function listed(
  source: Source<string, KinesisMeta>,
  now: () => number = Date.now,
): Promise<readonly Partition[]> {
  const stop = new AbortController()
  for await (const { partitions } of source.partitions({ clock: { now }, signal: stop.signal })) {
    stop.abort()
    return partitions
  }
  return []
}

const nothing = (position: string): Reading => ({ texts: [], metas: [], refused: [], position, children: undefined })

/** Reads until there are so many records, or the shard has ended, or the reader has told three times that it is idle. */
export async function readAll(
  reader: Reader<string, KinesisMeta>,
  reading: Reading = nothing(''),
  most = Infinity,
): Promise<Reading> {
  const { signal } = new AbortController()
  for (let idle = 0; idle < 3 && reading.texts.length < most && reading.children === undefined;) {
    const read = await reader.read(signal)
    if (read.type === 'end') reading.children = read.children ?? []
    else reading.position = read.position
    if (read.type !== 'records') {
      idle++
      continue
    }
    const { slab, refused = [] } = read
    reading.refused.push(...refused)
    for (let row = 0; row < (slab?.length ?? 0); row++) {
      const { bytes, starts, ends } = slab as NonNullable<typeof slab>
      reading.texts.push(Buffer.from(bytes.subarray(starts[row], ends[row])).toString())
      reading.metas.push(read.metaOf(row))
    }
  }
  return reading
}

/** Reads from a position until it has so many records, or stands at the tip, or the shard has ended. Retries as the framework does. */
export async function readFrom(
  source: Source<string, KinesisMeta>,
  partition: Partition,
  position: string,
  { most = Infinity, now = Date.now, tries = 1 }: { most?: number; now?: () => number; tries?: number } = {},
): Promise<Reading> {
  const context = { clock: { now }, signal: new AbortController().signal }
  const reading = nothing(position)
  for (let left = tries; ; left--) {
    const reader = await source.open(partition, reading.position, context)
    try {
      return await readAll(reader, reading, most)
    } catch (error) {
      if (left <= 1) throw error
    } finally {
      await reader.close()
    }
  }
}
