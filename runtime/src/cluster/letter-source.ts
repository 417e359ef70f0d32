import type {
  ClusterBackplane,
  Codec,
  Partition,
  PartitionList,
  Position,
  Read,
  Reader,
  Source,
  StoredDeadLetter,
} from '@millrace/core'
import { letterRecords } from '../worker/redrive.ts'

const prefix = 'redrive:'
const pageSize = 500
const begin = '0'
const done = 'done'

/** Dead letters that are read again, as a partition of their source: its id names them. */
export const lettersPartition = (ids: readonly number[]): Partition => ({ id: `${prefix}${ids.join(',')}` })

/** Ids of the letters of {@link lettersPartition}; undefined for any other partition. */
export const lettersOf = (partition: string): readonly number[] | undefined =>
  partition.startsWith(prefix) ? partition.slice(prefix.length).split(',').map(Number) : undefined

/** Reads stored dead letters as the partition of the source that they came from. */
export class LetterSource implements Source<unknown> {
  readonly kind = 'redrive'
  readonly description: string
  readonly codec?: Pick<Codec<unknown>, 'decoder'>
  readonly #backplane: Pick<ClusterBackplane, 'deadLetters'>
  readonly #ids: ReadonlySet<number>

  constructor(backplane: Pick<ClusterBackplane, 'deadLetters'>, of: Source<unknown>, ids: readonly number[]) {
    this.#backplane = backplane
    this.#ids = new Set(ids)
    this.description = `redrive(${ids.length} letters)`
    if (of.codec) this.codec = of.codec
  }

  async *partitions(): AsyncGenerator<PartitionList> {
    yield { partitions: [], final: true }
  }

  async resolve(): Promise<Position> {
    return begin
  }

  async open(_partition: Partition, from: Position): Promise<Reader<unknown>> {
    let position = from
    const hasCodec = this.codec !== undefined
    return {
      read: async (): Promise<Read<unknown>> => {
        const letters = position === done ? [] : await this.#letters()
        position = done
        return letters.length === 0 ? { type: 'end' } : { ...letterRecords(letters, hasCodec), position }
      },
      close: async () => undefined,
    }
  }

  compare(a: Position, b: Position): number {
    return Number(a === done) - Number(b === done)
  }

  async #letters(): Promise<readonly StoredDeadLetter[]> {
    const last = Math.max(...this.#ids)
    const found: StoredDeadLetter[] = []
    let after = Math.min(...this.#ids) - 1
    while (after < last) {
      const page = await this.#backplane.deadLetters({ state: 'redrive', after, limit: pageSize })
      found.push(...page.filter(({ id }) => this.#ids.has(id)))
      after = page.at(-1)?.id ?? last
    }
    return found
  }
}
