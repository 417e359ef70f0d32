import type { Codec, Meta, Partition, PartitionList, Position, Read, Reader, Source } from '@millrace/core'
import { moveOn, type Lines } from './lines.ts'

const rowsARead = 1024

/** Reads lines out of memory, `times` over, as slabs: what a file or a stream would give, without its cost. */
export function lineSource<T>(lines: Lines, times: number, codec: Codec<T>): Source<T> {
  return {
    kind: 'lines',
    description: `lines(${times})`,
    codec,
    async *partitions(): AsyncIterable<PartitionList> {
      yield { partitions: [{ id: 'memory' }], final: true }
    },
    resolve: async (): Promise<Position> => '0',
    open: async (_partition: Partition, position: Position): Promise<Reader<T>> =>
      readLines(lines, times, Number(position)),
    compare: (a: Position, b: Position): number => Number(a) - Number(b),
  }
}

function readLines<T>(lines: Lines, times: number, from: number): Reader<T> {
  const { bytes } = lines
  // Two of each: one is being processed while the next is filled.
  const arrays = [0, 1].map(() => ({ starts: new Uint32Array(rowsARead), ends: new Uint32Array(rowsARead) }))
  const meta: Meta = { partition: 'memory', arrival: 0 }
  let at = from
  let time = 1
  let reads = 0
  let waited = false
  return {
    async read(): Promise<Read<T>> {
      if (at === bytes.length && time < times) {
        // The last slab may still be in work: this answer is asked for before that, the next one after it.
        waited = !waited
        if (waited) return { type: 'idle', position: String(at) }
        moveOn(lines)
        time++
        at = 0
      }
      const pair = arrays[reads++ % 2]
      if (at === bytes.length || pair === undefined) return { type: 'end' }
      const { starts, ends } = pair
      let length = 0
      for (; length < rowsARead && at < bytes.length; length++) {
        starts[length] = at
        const end = bytes.indexOf(10, at)
        ends[length] = end
        at = end + 1
      }
      return {
        type: 'records',
        slab: { bytes, starts, ends, length },
        arrival: Date.now(),
        position: String(at),
        positionOf: (row) => String(starts[row]),
        metaOf: () => meta,
      }
    },
    async close(): Promise<void> {},
  }
}
