import type { Acquired, Clock, Lease } from '@millrace/core'
import type { Database, Row } from './database.ts'
import type { Liveness } from './owner.ts'

interface LeaseRow extends Row {
  owner: string | null
  epoch: number
  nonce: string
  lease_ms: number
  expires_at: number
}

/** What leases need of the world. */
export interface LeaseContext {
  readonly clock: Clock
  readonly nonce: () => string
  readonly livenessOf: (owner: string) => Liveness
}

/** Who may run which task. Every method is called inside a transaction. */
export class Leases {
  readonly #db: Database
  readonly #context: LeaseContext

  constructor(db: Database, context: LeaseContext) {
    this.#db = db
    this.#context = context
  }

  acquire(task: string, owner: string, leaseMs: number): Acquired {
    const row = this.#db.get<LeaseRow>('SELECT * FROM lease WHERE task = ?', task)
    const now = this.#context.clock.now()
    // a repeat of a request whose reply was lost
    if (row?.owner === owner) return this.#grant(task, owner, leaseMs, row.epoch, row.nonce)
    if (row !== undefined && row.owner !== null && !this.#isOver(row, now))
      return this.#refuse(task, row.owner, row, now)
    return this.#grant(task, owner, leaseMs, (row?.epoch ?? 0) + 1, this.#context.nonce())
  }

  renew(lease: Lease, leaseMs: number): boolean {
    if (!this.holds(lease)) return false
    const expiresAt = this.#context.clock.now() + leaseMs
    this.#db.run('UPDATE lease SET lease_ms = ?, expires_at = ? WHERE task = ?', leaseMs, expiresAt, lease.task)
    return true
  }

  release(lease: Lease): void {
    if (this.holds(lease)) this.#db.run('UPDATE lease SET owner = NULL WHERE task = ?', lease.task)
  }

  /** Whether the task still belongs to this tenure: true after the expiry too, as long as nobody took it. */
  holds({ task, run, epoch, nonce }: Lease): boolean {
    const sql = 'SELECT 1 FROM lease WHERE task = ? AND epoch = ? AND nonce = ? AND owner IS NOT NULL'
    return run === this.#run() && this.#db.get(sql, task, epoch, nonce) !== undefined
  }

  #isOver(row: LeaseRow, now: number): boolean {
    return row.expires_at <= now || this.#context.livenessOf(row.owner ?? '') === 'dead'
  }

  #grant(task: string, owner: string, leaseMs: number, epoch: number, nonce: string): Acquired {
    const expiresAt = this.#context.clock.now() + leaseMs
    const sql =
      'INSERT OR REPLACE INTO lease (task, owner, epoch, nonce, lease_ms, expires_at) VALUES (?, ?, ?, ?, ?, ?)'
    this.#db.run(sql, task, owner, epoch, nonce, leaseMs, expiresAt)
    return { type: 'acquired', lease: { task, owner, run: this.#run(), epoch, nonce, expiresAt } }
  }

  /** Cuts an expiry that lies further off than any renewal could have put it: the clock was set back since. */
  #refuse(task: string, owner: string, row: LeaseRow, now: number): Acquired {
    const expiresAt = Math.min(row.expires_at, now + row.lease_ms)
    if (expiresAt < row.expires_at) this.#db.run('UPDATE lease SET expires_at = ? WHERE task = ?', expiresAt, task)
    return { type: 'held', owner, expiresInMs: expiresAt - now }
  }

  #run(): string {
    const run = this.#db.get<{ value: string }>(`SELECT value FROM meta WHERE key = 'run'`)?.value
    if (run !== undefined) return run
    const fresh = this.#context.nonce()
    this.#db.run(`INSERT INTO meta VALUES ('run', ?)`, fresh)
    return fresh
  }
}
