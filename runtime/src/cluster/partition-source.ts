import type {
  Codec,
  EndOfPartition,
  FoundPartition,
  Partition,
  PartitionList,
  Position,
  Reader,
  Source,
  SourceContext,
} from '@millrace/core'

/**
 * One partition of a source, as the whole source of a task. Who goes on where it ends is not read here: each is a task of
 * its own, so they are only noted, with where they begin.
 */
export class PartitionSource implements Source<unknown> {
  readonly kind: string
  readonly description: string
  readonly codec?: Pick<Codec<unknown>, 'decoder'>
  readonly #source: Source<unknown>
  readonly #partition: Partition
  /** As the task knows it: another one for each life of a partition that was read to its end before. */
  id: string
  /** Known once the end was read. */
  children: readonly FoundPartition[] = []
  /** Of the last record that was read. */
  position: Position | undefined

  constructor(source: Source<unknown>, partition: Partition) {
    this.#source = source
    this.#partition = partition
    this.id = partition.id
    this.kind = source.kind
    this.description = source.description
    if (source.codec) this.codec = source.codec
  }

  async *partitions(): AsyncGenerator<PartitionList> {
    yield { partitions: [{ id: this.id }], final: true }
  }

  resolve(_partition: Partition, context: SourceContext): Promise<Position> {
    return this.#source.resolve(this.#partition, { ...context, isResumed: true })
  }

  async open(_partition: Partition, position: Position, context: SourceContext): Promise<Reader<unknown>> {
    const reader = await this.#source.open(this.#partition, position, context)
    return {
      read: async (signal) => {
        const read = await reader.read(signal)
        if (read.type === 'end') return this.#end(read, context)
        this.position = read.position
        return read
      },
      close: () => reader.close(),
    }
  }

  compare(a: Position, b: Position): number {
    return this.#source.compare(a, b)
  }

  async #end({ children = [] }: EndOfPartition, context: SourceContext): Promise<EndOfPartition> {
    const isResumed = true
    this.children = await Promise.all(
      children.map(async (child) => ({
        ...child,
        start: await this.#source.resolve(child, { ...context, isResumed }),
      })),
    )
    return { type: 'end' }
  }
}
