import { randomBytes } from 'node:crypto'
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
      `stream ${stream}: a record has the partition key ${shown(partitionKey)}; give a text of 1 to ${mostCharacters} characters`,
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

const shown = (value: unknown): string =>
  typeof value === 'string' ? JSON.stringify(value) : `of type ${typeof value}`

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
    return this.#known.get(partitionKey) ?? this.#learn(partitionKey)
  }

  /** One that nothing else has. */
  random(): RecordKey {
    return recordKeyOf(randomKey(), undefined)
  }

  #learn(given: unknown): RecordKey {
    checkKey(this.#stream, given, undefined)
    // a piece of a larger text would keep all of it
    const own = Buffer.from(given as string).toString()
    const key = recordKeyOf(own, undefined)
    if (this.#known.size >= mostKept) this.#known.clear()
    this.#known.set(own, key)
    return key
  }

  #make(given: unknown, explicitHashKey: string): RecordKey {
    checkKey(this.#stream, given, explicitHashKey)
    return recordKeyOf(given as string, explicitHashKey)
  }
}

/** Random bytes are fetched many at a time. */
let pool = Buffer.alloc(0)
let used = 0

/** A partition key that nothing else has. */
export function randomKey(): string {
  if (used >= pool.length) {
    pool = randomBytes(16 * 256)
    used = 0
  }
  used += 16
  return pool.toString('hex', used - 16, used)
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
