import { linesBelow, type Lines, missing } from '../../crash-files/lines.ts'
import { commitsFolder, outFolder } from './chaos-topology.ts'
import { expectedOutput } from './expected-output.ts'
import type { LoadPlan } from './load/load-plan.ts'
import { firstCommits, type RecordedCommit, recordedCommits } from './recorded-commit.ts'

/** What the output of a run says. */
export interface Verdict {
  /** Lines of output that must be there, and are not, or not as often. */
  readonly lost: number
  /** Lines that must not be there, or not as often. */
  readonly repeated: number
  /** Lines that must be there. */
  readonly expected: number
  /** Some of those that differ. */
  readonly examples: readonly string[]
  /** Commits that the protocol forbids, whatever the output says. */
  readonly forbidden: readonly string[]
}

const mostExamples = 10

/** Compares all output of a run that has come to its end with what it must be. */
export function verdictOf(plan: LoadPlan, generations: number, run: string): Verdict {
  const expected = expectedOutput(plan, generations)
  const commits = recordedCommits(commitsFolder(run))
  const seen = outputOf(run, commits)
  return {
    lost: missing(expected, seen),
    repeated: missing(seen, expected),
    expected: [...expected.values()].reduce((sum, times) => sum + times, 0),
    examples: [...examples('lost', expected, seen), ...examples('repeated', seen, expected)],
    forbidden: forbiddenCommits(commits),
  }
}

/** All lines that anybody can see, with the name of the sink before each. */
function outputOf(run: string, commits: readonly RecordedCommit[]): Lines {
  const lines = new Map(linesBelow(outFolder(run)))
  for (const { sink, lines: committed } of firstCommits(commits))
    for (const line of committed) lines.set(`${sink}/ ${line}`, (lines.get(`${sink}/ ${line}`) ?? 0) + 1)
  return lines
}

const examples = (what: string, a: Lines, b: Lines): string[] =>
  [...a]
    .filter(([line, times]) => times > (b.get(line) ?? 0))
    .slice(0, mostExamples)
    .map(([line, times]) => `${what}: ${line} (${times} against ${b.get(line) ?? 0})`)

/**
 * Of a task, one tenure alone commits each number, numbers grow with time, and once a later tenure has committed
 * something of its own, an earlier one commits nothing new.
 */
export function forbiddenCommits(commits: readonly RecordedCommit[]): string[] {
  const newest = new Map<string, RecordedCommit>()
  const forbidden: string[] = []
  for (const commit of firstCommits(commits)) {
    const output = `${commit.sink} ${commit.task}`
    const before = newest.get(output)
    if (before !== undefined && !follows(commit, before)) forbidden.push(`${nameOf(commit)} after ${nameOf(before)}`)
    else newest.set(output, commit)
  }
  return forbidden
}

const follows = (commit: RecordedCommit, before: RecordedCommit): boolean =>
  commit.seq > before.seq && (commit.tenure.run !== before.tenure.run || commit.tenure.epoch >= before.tenure.epoch)

const nameOf = ({ id, by, at }: RecordedCommit): string => `${id} by ${by} at ${new Date(at).toISOString()}`
