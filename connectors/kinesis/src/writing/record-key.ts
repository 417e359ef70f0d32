import { MillraceError } from '@millrace/core'
import { hexHashOf, hexOfHashKey, largestHashKey } from '../wire/hash-key.ts'

/** What a record is put under. */
export interface RecordKey {
  readonly partitionKey: string
  readonly explicitHashKey: string | undefined
  /** Of the partition key, as the limits count it. */
  readonly bytes: number
  /** Where it lands among the hash keys: 32 hex digits. */
  readonly hash: string
  /** What follows the data in the JSON of PutRecords. */
  readonly json: string
  /** Whether each character of that is one byte. */
  readonly isAscii: boolean
}

const mostCharacters = 256
const mostKept = 10_000

/** @throws MillraceError for what the service would never take, as it would fail all of its request */
export function checkKey(stream: string, partitionKey: unknown, explicitHashKey: string | undefined): void {
  if (typeof partitionKey !== 'string' || partitionKey === '')
    throw new MillraceError(
      'BAD_KEY',
      `stream ${stream}: a record has the partition key ${JSON.stringify(partitionKey)}; give 1 to ${mostCharacters} characters`,
    )
  if (partitionKey.length > mostCharacters && Array.from(partitionKey).length > mostCharacters)
    throw new MillraceError(
      'BAD_KEY',
      `stream ${stream}: a partition key has ${Array.from(partitionKey).length} characters; ${mostCharacters} are possible`,
    )
  if (!partitionKey.isWellFormed())
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
}

/** Keys of records, checked. The MD5 of one costs as much as all else of a short record, and keys come again. */
export class RecordKeys {
  readonly #stream: string
  readonly #known = new Map<unknown, RecordKey>()

  constructor(stream: string) {
    this.#stream = stream
  }

  /** @throws MillraceError BAD_KEY */
  of(partitionKey: unknown, explicitHashKey?: string): RecordKey {
    if (explicitHashKey !== undefined) return this.#make(partitionKey, explicitHashKey)
    let key = this.#known.get(partitionKey)
    if (key === undefined) {
      key = this.#make(partitionKey, undefined)
      if (this.#known.size >= mostKept) this.#known.clear()
      this.#known.set(partitionKey, key)
    }
    return key
  }

  #make(given: unknown, explicitHashKey: string | undefined): RecordKey {
    checkKey(this.#stream, given, explicitHashKey)
    return recordKeyOf(given as string, explicitHashKey)
  }
}

/** The key of a record or an aggregate that needs no check. */
export function recordKeyOf(partitionKey: string, explicitHashKey: string | undefined): RecordKey {
  const hashKey = explicitHashKey === undefined ? '' : `,"ExplicitHashKey":"${explicitHashKey}"`
  const bytes = Buffer.byteLength(partitionKey)
  return {
    partitionKey,
    explicitHashKey,
    bytes,
    hash: explicitHashKey === undefined ? hexHashOf(partitionKey) : hexOfHashKey(BigInt(explicitHashKey)),
    json: `"PartitionKey":${JSON.stringify(partitionKey)}${hashKey}`,
    isAscii: bytes === partitionKey.length,
  }
}
