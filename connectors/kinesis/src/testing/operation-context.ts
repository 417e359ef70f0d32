import type { StoredStreams } from './stored-streams.ts'

/** What operations are given of the server. */
export interface OperationContext {
  readonly streams: StoredStreams
  readonly now: () => number
  /** Of PutRecords: the error code of an entry that is to be refused. */
  readonly refuses: () => string | undefined
  /** Of GetShardIterator: the number of answers without records that come first. */
  readonly emptyPages: () => number
}
