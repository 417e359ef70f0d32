import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commitsFolder, outFolder } from '../../src/chaos/chaos-topology.ts'
import { expectedOutput } from '../../src/chaos/expected-output.ts'
import type { LoadPlan } from '../../src/chaos/load/load-plan.ts'
import { type RecordedCommit, recordCommit } from '../../src/chaos/recorded-commit.ts'
import { forbiddenCommits, verdictOf } from '../../src/chaos/verdict.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const plan: LoadPlan = { seed: 1, startedAt: 0, lanes: 3, stepMs: 50, generationMs: 1_000 }

/** A commit of a handle that the tenure with an epoch made for a checkpoint. */
function commit(epoch: number, seq: number, more: Partial<RecordedCommit> = {}): RecordedCommit {
  const tenure = { run: 'r', epoch, nonce: `n${epoch}` }
  return { at: 0, by: 'a', sink: 's', task: 't', id: `s t r-${epoch} ${seq}`, tenure, seq, lines: [], ...more }
}

/** Output as the sinks would have left it. */
function output(lines: readonly string[]): string {
  const run = temporaryFolder()
  mkdirSync(commitsFolder(run))
  for (const sink of ['counts', 'late', 'uniqueLate']) {
    mkdirSync(join(outFolder(run), sink), { recursive: true })
    const own = lines.filter((line) => line.startsWith(`${sink}/ `)).map((line) => line.slice(sink.length + 2))
    writeFileSync(join(outFolder(run), sink, 'part.ndjson'), own.map((line) => `${line}\n`).join(''))
  }
  for (const sink of ['groups', 'unique']) {
    const own = lines.filter((line) => line.startsWith(`${sink}/ `)).map((line) => line.slice(sink.length + 2))
    recordCommit(commitsFolder(run), commit(1, 1, { sink, id: sink, lines: own }))
    recordCommit(commitsFolder(run), commit(1, 1, { sink, id: sink, lines: own, by: 'b' }))
  }
  return run
}

const expected = [...expectedOutput(plan, 2)].flatMap(([line, times]) => Array.from({ length: times }, () => line))
const [first = ''] = expected
const [group = ''] = expected.filter((line) => line.startsWith('groups/'))

test('finds nothing wrong with what is expected, whoever commits a handle again', () => {
  expect(verdictOf(plan, 2, output(expected))).toMatchObject({ lost: 0, repeated: 0, forbidden: [] })
})

test('finds what is lost and what is repeated', () => {
  const without = expected.filter((line) => line !== first && line !== group)
  expect(verdictOf(plan, 2, output(without))).toMatchObject({ lost: 2, repeated: 0 })
  expect(verdictOf(plan, 2, output([...expected, first, group]))).toMatchObject({ lost: 0, repeated: 2 })
})

test('forbids what an earlier tenure commits after a later one, and a number that two tenures commit', () => {
  expect(forbiddenCommits([commit(1, 1), commit(1, 2), commit(2, 3), commit(1, 2, { by: 'late' })])).toEqual([])
  expect(forbiddenCommits([commit(1, 1), commit(2, 2), commit(1, 3)])).toHaveLength(1)
  expect(forbiddenCommits([commit(1, 1), commit(1, 2), commit(2, 2)])).toHaveLength(1)
  expect(forbiddenCommits([commit(1, 2), commit(1, 1)])).toHaveLength(1)
})
