import { closeSync, copyFileSync, openSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { linesBelow } from '../../crash-files/lines.ts'
import { expect, test } from 'vitest'
import { failureOf, runJob, startJob, summaryOf, type RunOptions } from '../support/millrace.ts'
import { expectTally, marks, visibleMarks } from '../support/tally.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

interface Stopped extends RunOptions {
  readonly out: string
}

const count = 2_000

/** A job that was stopped in the middle, with half of its input to come. */
async function stoppedJob(): Promise<Stopped> {
  const folder = temporaryFolder()
  const [input, out, state] = [join(folder, 'marks.ndjson'), join(folder, 'out'), join(folder, 'state.db')]
  const job = { set: { input, out, rollAgeMs: 0 }, state }
  writeFileSync(input, marks(0, count / 2))
  const first = startJob({ ...job, set: { ...job.set, follow: true } })
  await until(() => visibleMarks(out) === count / 2)
  first.kill('SIGTERM')
  expect(summaryOf(await first.ended)).toMatchObject({ ending: 'stopped' })
  writeFileSync(input, marks(count / 2, count), { flag: 'a' })
  return { ...job, out }
}

function change(path: string, sql: string): void {
  const db = new DatabaseSync(path)
  db.exec(sql)
  db.close()
}

function overwrite(path: string, at: number, bytes: Buffer): void {
  const file = openSync(path, 'r+')
  writeSync(file, bytes, 0, bytes.length, at)
  closeSync(file)
}

/** What can have become of a state file, and what is said of it. */
const mishaps: {
  readonly [what: string]: { readonly happen: (path: string) => void; readonly code: string; readonly says: string }
} = {
  'has other bytes in the middle': {
    happen: (path) => overwrite(path, 4096, Buffer.alloc(statSync(path).size - 4096, 0xa5)),
    code: 'CORRUPT_STATE',
    says: 'malformed; restore it from a backup, or start anew with another file',
  },
  'was cut in half': {
    happen: (path) => truncateSync(path, 4096 * Math.floor(statSync(path).size / 8192)),
    code: 'CORRUPT_STATE',
    says: 'malformed; restore it from a backup, or start anew with another file',
  },
  'is a text': {
    happen: (path) => writeFileSync(path, 'this is no database, however one looks at it\n'.repeat(200)),
    code: 'CORRUPT_STATE',
    says: 'not a database; name a file of its own',
  },
  'has lost a blob of its state': {
    happen: (path) => change(path, 'DELETE FROM chunk'),
    code: 'CORRUPT_STATE',
    says: 'it ends before \\d+ bytes; restore it from a backup, or start anew with another file',
  },
  'has other bytes in a blob of its state': {
    happen: (path) => change(path, 'UPDATE chunk SET bytes = zeroblob(length(bytes))'),
    code: 'CORRUPT_STATE',
    says: 'its SHA-256 differs; restore it from a backup, or start anew with another file',
  },
  'has a checkpoint that is torn': {
    happen: (path) => change(path, 'UPDATE checkpoint SET record = substr(record, 1, 40)'),
    code: 'CORRUPT_STATE',
    says: 'checkpoint \\d+ is torn; restore it from a backup, or start anew',
  },
  'belongs to another program': {
    happen: (path) => change(path, 'PRAGMA application_id = 7'),
    code: 'CORRUPT_STATE',
    says: 'it belongs to another program; name another file',
  },
  'was made by a later version': {
    happen: (path) => change(path, 'PRAGMA user_version = 1000'),
    code: 'BACKPLANE',
    says: 'a later version of Millrace made it; upgrade',
  },
}

test('says what is wrong with a state file and what to do, writes nothing, and goes on when it is mended', async () => {
  const { out, ...job } = await stoppedJob()
  const backup = `${job.state}.backup`
  copyFileSync(job.state, backup)
  const said: object[] = []
  for (const [what, { happen }] of Object.entries(mishaps)) {
    happen(job.state)
    const failed = await runJob(job)
    const { code, message } = failureOf(failed)
    said.push({ what, exit: failed.code, code, message, visible: visibleMarks(out) })
    for (const ending of ['', '-wal', '-shm']) rmSync(`${job.state}${ending}`, { force: true })
    copyFileSync(backup, job.state)
  }
  expect(said).toEqual(
    Object.entries(mishaps).map(([what, { code, says }]) => ({
      what,
      exit: 1,
      code,
      message: expect.stringMatching(new RegExp(`${job.state}.*${says}`)) as string,
      visible: count / 2,
    })),
  )
  expect(summaryOf(await runJob(job))).toMatchObject({ ending: 'finished' })
  expectTally(out, count)
})

test('refuses the state file of another job, names both, and leaves it to that one', async () => {
  const { out, ...job } = await stoppedJob()
  const failed = await runJob({
    topology: 'readings',
    set: { input: join(out, 'x'), out: join(out, 'other') },
    state: job.state,
  })
  expect(failed.code).toBe(2)
  expect(failureOf(failed)).toEqual({
    code: 'BAD_OPTION',
    message: `state: ${job.state} belongs to job "tally"; give "readings" a file of its own`,
  })
  expect(summaryOf(await runJob(job))).toMatchObject({ ending: 'finished' })
  expectTally(out, count)
})

test('begins anew when the state file was deleted, so that what is in the output folder comes a second time', async () => {
  const { out, ...job } = await stoppedJob()
  const before = linesBelow(out)
  rmSync(job.state)
  expect(summaryOf(await runJob(job))).toMatchObject({ ending: 'finished', records: count })
  // no file is overwritten: whoever deletes the state empties the folder too
  const repeated = [...linesBelow(out)].filter(([, times]) => times > 1)
  expect(repeated.map(([line]) => line).toSorted()).toEqual([...before.keys()].toSorted())
  expect(repeated.every(([, times]) => times === 2)).toBe(true)
})
