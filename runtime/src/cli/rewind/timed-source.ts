import { badOption, type Graph, type Partition, type Position, type Source, type SourceContext } from '@millrace/core'

/** A source that can tell where a partition was at a moment. */
export interface TimedSource extends Source<unknown> {
  /** The position of the first record that reached the partition at or after `at`, in ms since 1970; of its end, where there is none. */
  resolveAt(partition: Partition, at: number, context: SourceContext): Promise<Position>
}

const isTimed = (source: Source<unknown>): source is TimedSource =>
  'resolveAt' in source && typeof source.resolveAt === 'function'

/** The sources of a topology by name. Throws BAD_OPTION, naming those that cannot begin at a moment. */
export function timedSources({ sources }: Graph): ReadonlyMap<string, TimedSource> {
  const timed = sources.flatMap(({ name, source }) => (isTimed(source) ? [[name, source] as const] : []))
  const others = sources.filter(({ source }) => !isTimed(source)).map(({ name, source }) => `${name} (${source.kind})`)
  if (others.length === 0) return new Map(timed)
  throw badOption(`--to: ${others.join(', ')} cannot tell where it was at a moment; only --to start is possible`)
}
