import { appendFileSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Tenure } from '@millrace/core'

/** A call of a sink's `commit`, for one handle. */
export interface RecordedCommit {
  /** When, in ms since 1970. */
  readonly at: number
  /** The process that made it. */
  readonly by: string
  readonly sink: string
  readonly task: string
  /** Of the handle, which others may commit again. */
  readonly id: string
  /** Who prepared it, and for which checkpoint. */
  readonly tenure: Tenure
  readonly seq: number
  readonly lines: readonly string[]
}

/** Adds a commit to the file of a process: it counts once the line is whole. */
export function recordCommit(folder: string, commit: RecordedCommit): void {
  appendFileSync(join(folder, `${commit.by}.ndjson`), `${JSON.stringify(commit)}\n`)
}

/** All that was recorded in a folder, by any process, by time. */
export function recordedCommits(folder: string): RecordedCommit[] {
  const files = globSync('*.ndjson', { cwd: folder })
  return files.flatMap((file) => commitsOf(join(folder, file))).toSorted((a, b) => a.at - b.at)
}

/** What stands behind the last line end was not written by the time its process was killed. */
function commitsOf(path: string): RecordedCommit[] {
  const whole = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return whole.map((line) => JSON.parse(line) as RecordedCommit)
}

/** Those that made something visible: of each handle the first. */
export function firstCommits(commits: readonly RecordedCommit[]): RecordedCommit[] {
  const first = new Map<string, RecordedCommit>()
  for (const commit of commits) if (!first.has(commit.id)) first.set(commit.id, commit)
  return [...first.values()]
}
