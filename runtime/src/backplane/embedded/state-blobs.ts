import { createHash } from 'node:crypto'
import { type Lease, MillraceError, type StateBlob, tenureId } from '@millrace/core'
import type { Database, Row } from './database.ts'

/** Rows stay small, so that one large state is read and written piece by piece. */
const chunkBytes = 1024 * 1024
/** How many chunks are written or dropped in one transaction: a few milliseconds of a disk. */
const chunksATurn = 4

interface BlobRow extends Row {
  bytes: number
  hash: string
  stored: number
}

/** Bytes of bases and deltas, in chunks. */
export class StateBlobs {
  readonly #db: Database
  readonly #giveWay: () => Promise<void>

  constructor(db: Database, giveWay: () => Promise<void>) {
    this.#db = db
    this.#giveWay = giveWay
  }

  /** Inside the transaction of a checkpoint: the newest blob, whole. */
  insert(lease: Lease, blob: StateBlob, bytes: Uint8Array): void {
    this.#begin(lease, blob)
    this.#insertChunks(blob, bytes, 0, Math.ceil(bytes.length / chunkBytes))
    this.finish(blob)
  }

  /** Inside a transaction. @returns false when the blob is there already */
  begin(lease: Lease, blob: StateBlob): boolean {
    if (this.#row(blob)?.stored === 1) return false
    this.#db.run('DELETE FROM chunk WHERE blob = ?', blob.id)
    this.#begin(lease, blob)
    return true
  }

  /** The transactions that write the bytes of a large blob, one after the other. */
  *turns(blob: StateBlob, bytes: Uint8Array): Generator<() => void> {
    const chunks = Math.ceil(bytes.length / chunkBytes)
    for (let n = 0; n < chunks; n += chunksATurn)
      yield () => this.#insertChunks(blob, bytes, n, Math.min(n + chunksATurn, chunks))
  }

  finish(blob: StateBlob): void {
    this.#db.run('UPDATE blob SET stored = 1 WHERE id = ?', blob.id)
  }

  /** Inside the transaction of a checkpoint: what it names is there, and stays. */
  name(blobs: readonly StateBlob[]): void {
    for (const blob of blobs) {
      if (this.#db.run('UPDATE blob SET named = 1 WHERE id = ? AND stored = 1', blob.id) === 0)
        throw this.#damaged(blob, 'the checkpoint names it, but it was never stored')
    }
  }

  async read(blob: StateBlob): Promise<Uint8Array> {
    const row = this.#row(blob)
    if (row === undefined || row.stored === 0) throw this.#damaged(blob, 'it is missing')
    const bytes = new Uint8Array(blob.bytes)
    const hash = createHash('sha256')
    let at = 0
    for (let n = 0; at < bytes.length; n++) {
      const chunk = this.#chunk(blob, n)
      if (at + chunk.length > bytes.length) throw this.#damaged(blob, `it is longer than ${blob.bytes} bytes`)
      bytes.set(chunk, at)
      hash.update(chunk)
      at += chunk.length
      if (n % chunksATurn === chunksATurn - 1) await this.#giveWay()
    }
    if (hash.digest('hex') !== blob.hash) throw this.#damaged(blob, 'its SHA-256 differs')
    return bytes
  }

  /**
   * Inside a transaction: forgets blobs that none of the `live` ids are, but not those that this tenure has stored for
   * its next checkpoint. Their chunks are left for {@link StateBlobs.dropOrphans}.
   */
  forget(lease: Lease, live: readonly string[]): void {
    const sql = `DELETE FROM blob WHERE task = ? AND id NOT IN (SELECT value FROM json_each(?)) AND (named = 1 OR tenure <> ?)`
    this.#db.run(sql, lease.task, JSON.stringify(live), tenureId(lease))
  }

  /** Inside a transaction: drops some chunks whose blob is gone. @returns whether there may be more */
  dropOrphans(): boolean {
    const sql = `DELETE FROM chunk WHERE rowid IN (SELECT rowid FROM chunk WHERE blob NOT IN (SELECT id FROM blob) LIMIT ?)`
    return this.#db.run(sql, chunksATurn) === chunksATurn
  }

  #begin(lease: Lease, { id, bytes, hash }: StateBlob): void {
    const sql = 'INSERT OR IGNORE INTO blob (id, task, tenure, bytes, hash, stored, named) VALUES (?, ?, ?, ?, ?, 0, 0)'
    this.#db.run(sql, id, lease.task, tenureId(lease), bytes, hash)
  }

  #insertChunks(blob: StateBlob, bytes: Uint8Array, from: number, to: number): void {
    for (let n = from; n < to; n++) {
      const chunk = bytes.subarray(n * chunkBytes, (n + 1) * chunkBytes)
      this.#db.run('INSERT OR REPLACE INTO chunk (blob, n, bytes) VALUES (?, ?, ?)', blob.id, n, chunk)
    }
  }

  #row(blob: StateBlob): BlobRow | undefined {
    return this.#db.get<BlobRow>('SELECT bytes, hash, stored FROM blob WHERE id = ?', blob.id)
  }

  #chunk(blob: StateBlob, n: number): Uint8Array {
    const row = this.#db.get<{ bytes: Uint8Array }>('SELECT bytes FROM chunk WHERE blob = ? AND n = ?', blob.id, n)
    if (row === undefined || row.bytes.length === 0) throw this.#damaged(blob, `it ends before ${blob.bytes} bytes`)
    return row.bytes
  }

  #damaged({ id }: StateBlob, what: string): MillraceError {
    const cure = 'restore it from a backup, or start anew with another file'
    return new MillraceError('CORRUPT_STATE', `state file ${this.#db.path}: state ${id}: ${what}; ${cure}`)
  }
}
