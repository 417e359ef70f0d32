import { ByteWriter } from '../connector/byte-writer.ts'
import { firstHash, hashByte, keyPartition, spread, type Key } from './key.ts'
import { shortLength, tag, writeValue } from './value-codec.ts'

/**
 * The exchange partition of a key: {@link keyPartition} of its stored form, which is not made for keys that are short
 * ASCII or small whole numbers, as nearly all are.
 */
export function partitionOf(key: Key, partitions: number): number {
  if (partitions === 1) return 0
  if (typeof key === 'string') return key.length < shortLength ? ofShort(key, partitions) : ofStored(key, partitions)
  return typeof key === 'number' && (key | 0) === key && key >= 0 ? ofInt(key, partitions) : ofStored(key, partitions)
}

function ofShort(key: string, partitions: number): number {
  const { length } = key
  let hash = hashByte(hashByte(firstHash, tag.string), length)
  for (let i = 0; i < length; i++) {
    const unit = key.charCodeAt(i)
    if (unit > 127) return ofStored(key, partitions)
    hash = hashByte(hash, unit)
  }
  return spread(hash, partitions)
}

function ofInt(key: number, partitions: number): number {
  let hash = hashByte(firstHash, tag.int)
  let left = key
  for (; left > 127; left >>>= 7) hash = hashByte(hash, (left & 127) | 128)
  return spread(hashByte(hash, left), partitions)
}

function ofStored(key: Key, partitions: number): number {
  const out = new ByteWriter(64)
  writeValue(out, key)
  return keyPartition(out.view(), partitions)
}
