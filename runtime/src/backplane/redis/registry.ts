import type { FoundPartitions, Lease, WriteOutcome } from '@millrace/core'
import { rowBytes, rowOf } from './found-rows.ts'
import type { FoundRow, Scripts } from './scripts.ts'
import { chunksBySize, mostScriptBytes } from './split.ts'

/** Registers partitions of sources; those that need nothing any more are not sent again. */
export class Registry {
  readonly #scripts: Pick<Scripts, 'register' | 'knownPartitions'>
  /** Of each source under a run, partitions that do not wait for others. */
  readonly #settled = new Map<string, { readonly run: string; readonly ids: Set<string> }>()

  constructor(scripts: Pick<Scripts, 'register' | 'knownPartitions'>) {
    this.#scripts = scripts
  }

  async known(source: string): Promise<readonly string[] | undefined> {
    return (await this.#scripts.knownPartitions({ source }))?.toSorted()
  }

  async register(lease: Lease, { source, partitions, final }: FoundPartitions): Promise<WriteOutcome> {
    const settled = this.#settledOf(source, lease.run)
    const ids = new Set(partitions.map(({ id }) => id))
    const rows = partitions.filter(({ id }) => !settled.has(id)).map((found) => rowOf(found, (id) => ids.has(id)))
    const chunks = chunksBySize(rows, rowBytes, mostScriptBytes)
    for (const [i, found] of (chunks.length > 0 ? chunks : [[]]).entries()) {
      const isLast = i >= chunks.length - 1
      const states = await this.#scripts.register({ lease, source, found, isLast, final })
      if (states === 'fenced') return 'fenced'
      note(settled, found, states)
    }
    return 'written'
  }

  #settledOf(source: string, run: string): Set<string> {
    const known = this.#settled.get(source)
    if (known?.run === run) return known.ids
    const ids = new Set<string>()
    this.#settled.set(source, { run, ids })
    return ids
  }
}

function note(settled: Set<string>, found: readonly FoundRow[], states: readonly string[]): void {
  found.forEach(({ id }, i) => {
    if (states[i] !== 'waiting') settled.add(id)
  })
}
