import { badArgument, ServiceError } from './service-error.ts'

/** Where a shard iterator stands. */
export interface ShardIterator {
  readonly stream: string
  /** Which stream of the name, by when it was created. */
  readonly createdAt: number
  readonly shard: string
  /** First sequence number that is to be read; that of a record or one between two. */
  readonly next: string
  /** When it was given, in ms since 1970. */
  readonly at: number
  /** So many answers hold no records yet. */
  readonly emptyPages: number
}

const lifetimeMs = 300_000

/** An iterator holds all that it is: the server keeps none. */
export function encodeIterator({ stream, createdAt, shard, next, at, emptyPages }: ShardIterator): string {
  return Buffer.from(JSON.stringify([stream, createdAt, shard, next, at, emptyPages])).toString('base64')
}

/** @throws ServiceError for what is none, and for one that is older than 5 minutes */
export function decodeIterator(text: string, now: number): ShardIterator {
  let parts: [string, number, string, string, number, number]
  try {
    parts = JSON.parse(Buffer.from(text, 'base64').toString()) as typeof parts
  } catch {
    throw badArgument('Invalid ShardIterator.')
  }
  const [stream, createdAt, shard, next, at, emptyPages] = parts
  if (now - at > lifetimeMs)
    throw new ServiceError(
      'ExpiredIteratorException',
      `Iterator expired. The iterator was created at time ${new Date(at).toISOString()} while right now it is ${new Date(now).toISOString()}`,
    )
  return { stream, createdAt, shard, next, at, emptyPages }
}
