import { createHash, hash } from 'node:crypto'

/** The largest hash key: keys go from 0 to it. */
export const largestHashKey: bigint = 2n ** 128n - 1n

/** Where a partition key lands among the hash keys of a stream: MD5 of its UTF-8 bytes, as an unsigned big-endian number. */
export function hashKeyOf(partitionKey: string): bigint {
  return BigInt(`0x${createHash('md5').update(partitionKey, 'utf8').digest('hex')}`)
}

/** The same as {@link hashKeyOf}, as 32 hex digits, which order as the numbers do; several times as fast. */
export const hexHashOf = (partitionKey: string): string => hash('md5', partitionKey)

/** A hash key as 32 hex digits. */
export const hexOfHashKey = (key: bigint): string => key.toString(16).padStart(32, '0')
