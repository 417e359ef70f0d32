import { MillraceError } from '@millrace/core'
import { largestHashKey } from '../wire/hash-key.ts'

const mostKeyCharacters = 256

/** @throws MillraceError for what the service would never take, as it would fail all of its request */
export function checkRecord(
  stream: string,
  {
    partitionKey,
    explicitHashKey,
    bytes,
  }: { partitionKey: unknown; explicitHashKey: string | undefined; bytes: number },
  maxRecordBytes: number,
): void {
  if (typeof partitionKey !== 'string' || partitionKey === '')
    throw new MillraceError(
      'BAD_KEY',
      `stream ${stream}: a record has the partition key ${JSON.stringify(partitionKey)}; give 1 to ${mostKeyCharacters} characters`,
    )
  if (partitionKey.length > mostKeyCharacters && Array.from(partitionKey).length > mostKeyCharacters)
    throw new MillraceError(
      'BAD_KEY',
      `stream ${stream}: a partition key has ${Array.from(partitionKey).length} characters; ${mostKeyCharacters} are possible`,
    )
  if (/\p{Surrogate}/u.test(partitionKey))
    throw new MillraceError(
      'BAD_KEY',
      `stream ${stream}: the partition key ${JSON.stringify(partitionKey)} is no text: it has half a character`,
    )
  if (
    explicitHashKey !== undefined &&
    (!/^(0|[1-9]\d{0,38})$/.test(explicitHashKey) || BigInt(explicitHashKey) > largestHashKey)
  )
    throw new MillraceError(
      'BAD_KEY',
      `stream ${stream}: the hash key ${explicitHashKey} is not from 0 to ${largestHashKey}`,
    )
  if (bytes > maxRecordBytes)
    throw new MillraceError(
      'RECORD_TOO_LARGE',
      `stream ${stream}: a record has ${bytes} bytes with its key, more than ${maxRecordBytes}; raise the stream's limit by UpdateMaxRecordSize, and maxRecordBytes with it`,
    )
}
