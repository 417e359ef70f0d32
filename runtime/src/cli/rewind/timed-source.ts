import { badOption, type Graph, type Source } from '@millrace/core'

/** A source that can tell where a partition was at a moment. */
export type TimedSource = Source<unknown> & Required<Pick<Source<unknown>, 'resolveAt'>>

const isTimed = (source: Source<unknown>): source is TimedSource => source.resolveAt !== undefined

/** The sources of a topology by name. Throws BAD_OPTION, naming those that cannot begin at a moment. */
export function timedSources({ sources }: Graph): ReadonlyMap<string, TimedSource> {
  const timed = sources.flatMap(({ name, source }) => (isTimed(source) ? [[name, source] as const] : []))
  const others = sources.filter(({ source }) => !isTimed(source)).map(({ name, source }) => `${name} (${source.kind})`)
  if (others.length === 0) return new Map(timed)
  throw badOption(`--to: ${others.join(', ')} cannot tell where it was at a moment; only --to start is possible`)
}
