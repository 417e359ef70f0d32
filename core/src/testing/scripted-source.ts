import type { Partition, PartitionList, Position, Read, Reader, Source } from '../connector/source.ts'
import { recordOf, type At } from './script.ts'

/** Records of each partition, by its id. */
export interface Script<T> {
  readonly [partition: string]: readonly (T | At<T>)[]
}

/** Options of {@link scripted}. */
export interface ScriptedOptions<T> {
  /** Records of each partition, in order. @default none: for `drive`, which sends its own */
  readonly partitions?: Script<T>
  /** Records a read gives at most. @default 1024 */
  readonly perRead?: number
}

/** A source that reads a script: bounded, in memory, at positions that are indexes. */
export function scripted<T>(options: ScriptedOptions<T> = {}): Source<T> {
  const { partitions = {}, perRead = 1024 } = options
  return Object.freeze({
    kind: 'scripted',
    description: `scripted(${Object.keys(partitions).join(', ')})`,
    async *partitions(): AsyncIterable<PartitionList> {
      yield { partitions: Object.keys(partitions).map((id) => ({ id })), final: true }
    },
    resolve: async (): Promise<Position> => '0',
    open: async ({ id }: Partition, position: Position): Promise<Reader<T>> =>
      readScript(id, partitions[id] ?? [], Number(position), perRead),
    compare: (a: Position, b: Position): number => Number(a) - Number(b),
  })
}

function readScript<T>(partition: string, script: readonly (T | At<T>)[], from: number, perRead: number): Reader<T> {
  let next = from
  return {
    async read(): Promise<Read<T>> {
      if (next >= script.length) return { type: 'end' }
      const first = next
      const taken = takeEqualArrivals(script, first, perRead)
      next += taken.length
      const arrival = recordOf(script[first]).time ?? Date.UTC(2026, 0)
      return {
        type: 'records',
        values: taken.map((item) => recordOf(item).value as T),
        arrival,
        position: String(next),
        positionOf: (row) => String(first + row),
        metaOf: () => ({ partition, arrival }),
        backlog: script.length - next,
      }
    },
    async close(): Promise<void> {},
  }
}

/** A read has one arrival, so it ends where another begins. */
function takeEqualArrivals<T>(script: readonly (T | At<T>)[], from: number, perRead: number): readonly (T | At<T>)[] {
  const { time } = recordOf(script[from])
  let to = from + 1
  while (to < script.length && to - from < perRead && recordOf(script[to]).time === time) to++
  return script.slice(from, to)
}
