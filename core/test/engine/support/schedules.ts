import fc from 'fast-check'
import type { Move } from './feed.ts'

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
