/** Where a record stands among all of a stream: its event time, then its partition, then its number there. */
export interface Place {
  readonly time: number
  readonly partition: string
  readonly sequence: number
}

/** Negative when `a` stands before `b`. Partitions compare by code unit, so that every machine agrees. */
export function comparePlaces(a: Place, b: Place): number {
  if (a.time !== b.time) return a.time - b.time
  if (a.partition !== b.partition) return a.partition < b.partition ? -1 : 1
  return a.sequence - b.sequence
}
