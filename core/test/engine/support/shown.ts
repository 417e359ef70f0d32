import type { DeadLetter } from '../../../src/topology/dead-letter.ts'
import type { Staged } from './staged.ts'

/** Numbers as exact as the order of adding leaves them. */
const text = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) => (typeof item === 'number' ? Number(item.toPrecision(12)) : item))

const sorted = (values: readonly unknown[] = []): string[] => values.map(text).toSorted()

interface Firing {
  readonly key?: unknown
  readonly start: number
  readonly end: number
}

/** The last firing of each window, of sinks that hold windows; a session replaces those that it has grown out of. */
const lastOf = (values: readonly unknown[]): readonly unknown[] =>
  values.filter((value, at) => !isFiring(value) || !values.slice(at + 1).some((later) => replaces(later, value)))

const isFiring = (value: unknown): value is Firing => (value as object).hasOwnProperty('end')

const replaces = (later: unknown, value: Firing): boolean =>
  isFiring(later) && text(later.key) === text(value.key) && later.start <= value.start && later.end >= value.end

/** Where a letter was written differs: a stage knows only what was sent to it, not what its source had read. */
const lettersOf = (letters: readonly DeadLetter[]): string[] =>
  sorted(letters.map(({ node, code, message, time }) => [node, code, message, time]))

/** What a run gave, in a shape that is equal for equal runs. */
export function shown(
  { lastFirings = false }: Pick<Staged, 'lastFirings'>,
  {
    outputs,
    deadLetters,
  }: { outputs: Readonly<Record<string, readonly unknown[]>>; deadLetters: readonly DeadLetter[] },
): object {
  const all = Object.entries(outputs).map(([sink, values]) => [sink, sorted(lastFirings ? lastOf(values) : values)])
  return { ...Object.fromEntries(all), dead: lettersOf(deadLetters) }
}

/** Counters of all tasks together, without zeros. */
export function summed(all: readonly Readonly<Record<string, number>>[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>()
  for (const [name, count] of all.flatMap((counters) => Object.entries(counters)))
    if (count !== 0) sums.set(name, (sums.get(name) ?? 0) + count)
  return sums
}
