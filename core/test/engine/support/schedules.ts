import fc from 'fast-check'
import type { Move, Partitions } from './feed.ts'

/** Random schedules over some partitions: mostly reads, some checkpoints, a few crashes. */
export const schedules = (
  partitions: readonly string[],
  options: { readonly maxLength?: number; readonly maxRecords?: number } = {},
): fc.Arbitrary<readonly Move[]> =>
  fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          read: fc.constantFrom(...partitions),
          records: fc.integer({ min: 1, max: options.maxRecords ?? 12 }),
        }),
      },
      { weight: 2, arbitrary: fc.constant('checkpoint' as const) },
      { weight: 1, arbitrary: fc.constant('full checkpoint' as const) },
      { weight: 1, arbitrary: fc.constant('crash' as const) },
    ),
    { maxLength: options.maxLength ?? 30 },
  )

/** Puts records into the partitions that they name, in order. */
export function partitioned<R extends { readonly partition: string }>(
  names: readonly string[],
  records: readonly R[],
): Record<string, readonly Omit<R, 'partition'>[]> {
  const without = ({ partition: _partition, ...record }: R): Omit<R, 'partition'> => record
  return Object.fromEntries(
    names.map((name) => [name, records.filter(({ partition }) => partition === name).map(without)]),
  )
}

/** The same reads in the same order, a record at a time. */
export function oneByOne(reads: readonly Move[], partitions: Partitions): readonly Move[] {
  const left = new Map(Object.entries(partitions).map(([id, records]) => [id, records.length]))
  return reads.flatMap((move): readonly Move[] => {
    if (typeof move === 'string') return [move]
    const records = Math.min(move.records, left.get(move.read) ?? 0)
    left.set(move.read, (left.get(move.read) ?? 0) - records)
    return Array.from({ length: Math.max(records, 1) }, () => ({ read: move.read, records: Math.min(records, 1) }))
  })
}
