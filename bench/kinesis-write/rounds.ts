/** How records are put. */
export type Way = 'PutRecord' | 'PutRecords' | 'sink' | 'aggregated' | 'producer'

/** What one round has shown. */
export interface Round {
  readonly perSecond: number
  /** Of the process that puts, a record. */
  readonly cpuUs: number
}

export const bytesOfRecord = 200
/** Requests at a time. */
export const inFlight = 8
