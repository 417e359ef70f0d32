import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { MillraceError } from '@millrace/core'
import { applicationId, schema, schemaVersion } from './schema.ts'
import { sqliteError } from './sqlite-error.ts'

const busyTimeoutMs = 5_000

/** Column values of one row. */
export type Row = Record<string, SQLInputValue>

/** The SQLite file: opened with the durability that checkpoints need, and its errors in words. */
export class Database {
  readonly path: string
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  private constructor(path: string, db: DatabaseSync) {
    this.path = path
    this.#db = db
  }

  /** Opens the file, or makes it with its folder; `:memory:` for one that lives as long as this object. */
  static open(path: string): Database {
    const file = path === ':memory:' ? path : resolve(path)
    try {
      if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true })
      const database = new Database(file, new DatabaseSync(file, { timeout: busyTimeoutMs }))
      database.#prepareFile()
      return database
    } catch (error) {
      throw openError(error, file)
    }
  }

  /** Runs statements that read, or one that writes; for several use {@link Database.write}. */
  get<T extends Row>(sql: string, ...values: SQLInputValue[]): T | undefined {
    return this.#guard(() => this.#statement(sql).get(...values) as T | undefined)
  }

  all<T extends Row>(sql: string, ...values: SQLInputValue[]): T[] {
    return this.#guard(() => this.#statement(sql).all(...values) as T[])
  }

  /** @returns how many rows it changed */
  run(sql: string, ...values: SQLInputValue[]): number {
    return this.#guard(() => Number(this.#statement(sql).run(...values).changes))
  }

  /** All that `change` does happens, durably, or none of it. */
  write<T>(change: () => T): T {
    return this.#guard(() => {
      this.#db.exec('BEGIN IMMEDIATE')
      try {
        const result = change()
        this.#db.exec('COMMIT')
        return result
      } catch (error) {
        // SQLite has itself rolled back after some errors, a full disk among them
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
        throw error
      }
    })
  }

  /** Safe to call twice. */
  close(): void {
    this.#statements.clear()
    if (this.#db.isOpen) this.#db.close()
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  #guard<T>(action: () => T): T {
    if (!this.#db.isOpen) throw new MillraceError('BACKPLANE', `state file ${this.path}: it is closed`)
    try {
      return action()
    } catch (error) {
      throw sqliteError(error, this.path)
    }
  }

  #prepareFile(): void {
    // fullfsync matters on macOS only, where fsync leaves data in the cache of the disk
    this.#db.exec(`
      PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;
      PRAGMA journal_size_limit = 67108864;
    `)
    this.write(() => this.#migrate())
  }

  #migrate(): void {
    const version = Number(this.get('PRAGMA user_version')?.['user_version'])
    if (version === 0 && this.get('SELECT name FROM sqlite_schema LIMIT 1') === undefined) {
      this.#db.exec(`${schema}; PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}`)
      return
    }
    if (Number(this.get('PRAGMA application_id')?.['application_id']) !== applicationId)
      throw new MillraceError(
        'CORRUPT_STATE',
        `state file ${this.path}: it belongs to another program; name another file`,
      )
    if (version > schemaVersion)
      throw new MillraceError('BACKPLANE', `state file ${this.path}: a later version of Millrace made it; upgrade`)
  }
}

function openError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return sqliteError(error, path)
  return new MillraceError('BACKPLANE', `state file ${path}: ${error.message}`, { cause: error })
}
