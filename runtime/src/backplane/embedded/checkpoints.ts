import { type Checkpoint, type Lease, MillraceError, tenureId } from '@millrace/core'
import type { Database, Row } from './database.ts'

interface CheckpointRow extends Row {
  seq: number
  tenure: string
  record: string
}

/** The last two records of each task: the older one with its state stays until the handles of the newer are committed. */
export class Checkpoints {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  last(task: string): Checkpoint | undefined {
    const row = this.#lastRow(task)
    return row && this.#parse(row)
  }

  /** Whether the record follows the last one, or repeats one of this tenure; throws when it does neither. */
  place(lease: Lease, { task, seq }: Checkpoint): 'next' | 'repeat' {
    const last = this.#lastRow(task)
    const expected = (last?.seq ?? 0) + 1
    if (seq === expected) return 'next'
    if (seq < expected && last?.tenure === tenureId(lease)) return 'repeat'
    throw new MillraceError(
      'CORRUPT_STATE',
      `task ${task}: the last checkpoint in ${this.#db.path} is ${expected - 1}, so ${seq} cannot follow; ` +
        'the state file was replaced while the job ran: stop, and put the right one in its place',
    )
  }

  /** Whoever writes n + 1 has committed the handles of n, so that n − 1 is of no use any more. */
  insert(lease: Lease, checkpoint: Checkpoint): void {
    const { task, seq } = checkpoint
    const sql = 'INSERT INTO checkpoint (task, seq, tenure, record) VALUES (?, ?, ?, ?)'
    this.#db.run(sql, task, seq, tenureId(lease), JSON.stringify(checkpoint))
    this.#db.run('DELETE FROM checkpoint WHERE task = ? AND seq < ?', task, seq - 1)
  }

  /** Ids of all blobs that a kept record of the task names. */
  namedBlobs(task: string): string[] {
    const rows = this.#db.all<CheckpointRow>('SELECT * FROM checkpoint WHERE task = ?', task)
    return rows.flatMap((row) => this.#parse(row).state.map(({ id }) => id))
  }

  #parse({ seq, record }: CheckpointRow): Checkpoint {
    try {
      return JSON.parse(record) as Checkpoint
    } catch (cause) {
      const cure = 'restore it from a backup, or start anew with another file'
      throw new MillraceError('CORRUPT_STATE', `state file ${this.#db.path}: checkpoint ${seq} is torn; ${cure}`, {
        cause,
      })
    }
  }

  #lastRow(task: string): CheckpointRow | undefined {
    return this.#db.get<CheckpointRow>('SELECT * FROM checkpoint WHERE task = ? ORDER BY seq DESC LIMIT 1', task)
  }
}
