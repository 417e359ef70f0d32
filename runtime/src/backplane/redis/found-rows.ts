import type { FoundPartition } from '@millrace/core'
import type { FoundRow } from './scripts.ts'

/** A partition as a script takes it; those that `isListed` does not know may be gone. */
export function rowOf({ start, ...partition }: FoundPartition, isListed: (id: string) => boolean): FoundRow {
  const parents = partition.parents ?? []
  const unlisted = parents.filter((id) => !isListed(id))
  return { id: partition.id, partition: JSON.stringify(partition), start, parents, unlisted }
}

/** About how many bytes it takes, and what it costs: no script registers more than about a thousand of them. */
export const rowBytes = ({ id, partition, start = '', parents }: FoundRow): number =>
  id.length + partition.length + start.length + parents.join().length * 2 + 700
