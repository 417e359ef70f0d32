/** Marks a SQLite file as ours: `MILR`. */
export const applicationId = 0x4d494c52

/** Grows with every change of {@link schema}; a file of a later version is refused. */
export const schemaVersion = 1

/**
 * One file a job. Epochs never go back, so a free lease keeps its row. `checkpoint` holds the last two records of a
 * task. A blob is `stored` once all its chunks are there, and `named` once a checkpoint has named it.
 */
export const schema = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE lease (
    task TEXT PRIMARY KEY, owner TEXT, epoch INTEGER NOT NULL, nonce TEXT NOT NULL,
    lease_ms REAL NOT NULL, expires_at REAL NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE checkpoint (
    task TEXT NOT NULL, seq INTEGER NOT NULL, tenure TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (task, seq)
  ) STRICT;

  CREATE TABLE blob (
    id TEXT PRIMARY KEY, task TEXT NOT NULL, tenure TEXT NOT NULL, bytes INTEGER NOT NULL, hash TEXT NOT NULL,
    stored INTEGER NOT NULL, named INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE chunk (blob TEXT NOT NULL, n INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (blob, n)) STRICT;

  CREATE TABLE dead_letter (
    id INTEGER PRIMARY KEY AUTOINCREMENT, seq INTEGER NOT NULL, at REAL NOT NULL, state TEXT NOT NULL,
    source TEXT NOT NULL, node TEXT NOT NULL, partition TEXT NOT NULL, position TEXT NOT NULL,
    code TEXT NOT NULL, message TEXT NOT NULL, time REAL, bytes BLOB NOT NULL
  ) STRICT;

  CREATE INDEX dead_letter_state ON dead_letter (state, id);
`
