import type { DeadLetter, StoredDeadLetter } from '@millrace/core'
import type { Database, Row } from './database.ts'

type LetterRow = Row & Omit<StoredDeadLetter, 'time'> & { time: number | null }

/** Which dead letters are asked for. */
export interface LetterQuery {
  readonly state?: StoredDeadLetter['state']
  readonly after?: number
  readonly limit: number
}

/** Dead letters that no stream of the topology reads. Ids only grow and are never given twice. */
export class DeadLetters {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  insert(letters: readonly DeadLetter[], seq: number, at: number): void {
    const sql = `INSERT INTO dead_letter (seq, at, state, source, node, partition, position, code, message, time, bytes)
      VALUES (?, ?, 'stored', ?, ?, ?, ?, ?, ?, ?, ?)`
    for (const { source, node, partition, position, code, message, time, bytes } of letters)
      this.#db.run(sql, seq, at, source, node, partition, position, code, message, time ?? null, bytes)
  }

  remove(ids: readonly number[]): void {
    this.#db.run('DELETE FROM dead_letter WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify(ids))
  }

  list({ state, after = 0, limit }: LetterQuery): StoredDeadLetter[] {
    const rows =
      state === undefined
        ? this.#db.all<LetterRow>('SELECT * FROM dead_letter WHERE id > ? ORDER BY id LIMIT ?', after, limit)
        : this.#db.all<LetterRow>(
            'SELECT * FROM dead_letter WHERE state = ? AND id > ? ORDER BY id LIMIT ?',
            state,
            after,
            limit,
          )
    return rows.map((row) => ({ ...row, time: row.time ?? undefined }))
  }

  /** @returns how many of those asked for are now marked, so that a repeat gives the same answer */
  mark(ids: readonly number[] | undefined): number {
    if (ids === undefined) return this.#db.run(`UPDATE dead_letter SET state = 'redrive'`)
    const sql = `UPDATE dead_letter SET state = 'redrive' WHERE id IN (SELECT value FROM json_each(?))`
    return this.#db.run(sql, JSON.stringify(ids))
  }
}
