import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Database } from '../../../src/backplane/embedded/database.ts'
import { embeddedBackplane } from '../../../src/backplane/embedded/embedded-backplane.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

let folder: string

beforeEach(() => {
  folder = temporaryFolder()
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

async function acquire(path: string, job?: string): Promise<unknown> {
  const backplane = embeddedBackplane(job === undefined ? { path } : { path, job })
  try {
    return await backplane.acquire({ task: 'job', owner: 'me', leaseMs: 1_000 })
  } finally {
    await backplane.close()
  }
}

test('opens nothing before the first call, then makes the file and its folder', async () => {
  const path = `${folder}/deep/er/state.db`
  const backplane = embeddedBackplane({ path })
  expect(existsSync(path)).toBe(false)
  await backplane.readCheckpoint('job')
  expect(existsSync(path)).toBe(true)
  await backplane.close()
})

test('flushes every transaction to the disk', async () => {
  const db = Database.open(`${folder}/state.db`)
  expect(db.get('PRAGMA journal_mode')).toMatchObject({ journal_mode: 'wal' })
  expect(db.get('PRAGMA synchronous')).toMatchObject({ synchronous: 2 })
  db.close()
})

test('keeps the run, the epochs and the job of a file that is opened again', async () => {
  const path = `${folder}/state.db`
  expect(await acquire(path, 'a')).toMatchObject({ lease: { epoch: 1 } })
  await expect(acquire(path, 'b')).rejects.toMatchObject({ code: 'BAD_OPTION' })
  await expect(acquire(path, 'b')).rejects.toThrow(/state: .*state\.db belongs to job "a"; give "b" a file of its own/)
})

test('says that a file is not a state file, whatever it is', async () => {
  writeFileSync(`${folder}/text`, 'not a database, but long enough to look like a file of some kind'.repeat(20))
  await expect(acquire(`${folder}/text`)).rejects.toMatchObject({ code: 'CORRUPT_STATE' })
  const other = new DatabaseSync(`${folder}/other.db`)
  other.exec('CREATE TABLE users (name TEXT)')
  other.close()
  await expect(acquire(`${folder}/other.db`)).rejects.toThrow(/belongs to another program; name another file/)
  mkdirSync(`${folder}/dir`)
  await expect(acquire(`${folder}/dir`)).rejects.toMatchObject({ code: 'BACKPLANE' })
  await expect(acquire(`${folder}/text/state.db`)).rejects.toMatchObject({ code: 'BACKPLANE' })
})

test('refuses a file of a later version', async () => {
  const path = `${folder}/state.db`
  await acquire(path)
  const db = new DatabaseSync(path)
  db.exec('PRAGMA user_version = 99')
  db.close()
  await expect(acquire(path)).rejects.toThrow(/a later version of Millrace made it; upgrade/)
})

test('says CORRUPT_STATE when pages of the file are damaged', async () => {
  const path = `${folder}/state.db`
  await acquire(path)
  const db = new DatabaseSync(path)
  const size = Number(db.prepare('PRAGMA page_count').get()?.['page_count']) * 4096
  db.close()
  writeFileSync(path, Buffer.alloc(size - 4096, 0xff), { flag: 'r+', flush: true })
  await expect(acquire(path)).rejects.toMatchObject({ code: 'CORRUPT_STATE' })
})

test('says NO_SPACE when the file cannot grow, and leaves what it holds as it was', () => {
  const db = Database.open(`${folder}/state.db`)
  db.write(() => db.run(`INSERT INTO meta VALUES ('run', 'r1')`))
  db.get('PRAGMA max_page_count = 20')
  const fill = (): number => db.run(`INSERT INTO meta VALUES ('big', ?)`, 'x'.repeat(1024 * 1024))
  expect(() => db.write(fill)).toThrowError(expect.objectContaining({ code: 'NO_SPACE', retryable: false }))
  expect(db.all('SELECT * FROM meta')).toMatchObject([{ key: 'run', value: 'r1' }])
  db.write(() => db.run(`UPDATE meta SET value = 'r2'`))
  db.close()
})

test('says what to do when the file may not be written', () => {
  const path = `${folder}/state.db`
  Database.open(path).close()
  chmodSync(path, 0o444)
  chmodSync(folder, 0o555)
  try {
    const error = expect.objectContaining({
      code: 'BACKPLANE',
      message: expect.stringContaining('make the file and its folder writable'),
    })
    asNobodySpecial(() => expect(() => Database.open(path)).toThrowError(error))
  } finally {
    chmodSync(folder, 0o755)
  }
})

test('waits for a writer, and says that it may be tried again when that one takes too long', () => {
  const path = `${folder}/state.db`
  const db = Database.open(path)
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  db.get('PRAGMA busy_timeout = 20')
  expect(() => db.write(() => undefined)).toThrowError(expect.objectContaining({ code: 'BACKPLANE', retryable: true }))
  other.exec('COMMIT')
  expect(db.write(() => 'done')).toBe('done')
  other.close()
  db.close()
})

test('answers nothing once it is closed', async () => {
  const backplane = embeddedBackplane({ path: ':memory:' })
  await backplane.readCheckpoint('job')
  await backplane.close()
  await expect(backplane.readCheckpoint('job')).rejects.toMatchObject({ code: 'BACKPLANE' })
})

/** Root may write everywhere. */
function asNobodySpecial(action: () => void): void {
  if (process.geteuid?.() !== 0) return action()
  process.seteuid?.(65_534)
  try {
    action()
  } finally {
    process.seteuid?.(0)
  }
}
