import { createHash } from 'node:crypto'

/** A user record within an aggregate of the Kinesis Producer Library. */
export interface Member {
  readonly partitionKey: string
  readonly explicitHashKey?: string | undefined
  readonly data: Uint8Array
}

const magic = [0xf3, 0x89, 0x9a, 0xc2] as const
const digestBytes = 16

/** A member as a range of the bytes that hold it. */
export interface MemberRange {
  readonly partitionKey: string
  readonly explicitHashKey?: string | undefined
  readonly start: number
  readonly end: number
}

/**
 * The members of an aggregate that lies at `bytes[start]` up to, not including, `bytes[end]`; undefined for what is none: without the
 * magic bytes, with another MD5, or not to be parsed. That is one plain record then.
 */
export function aggregateRanges(bytes: Uint8Array, start: number, end: number): MemberRange[] | undefined {
  if (end - start < magic.length + digestBytes + 1 || magic.some((byte, i) => bytes[start + i] !== byte))
    return undefined
  const [from, to] = [start + magic.length, end - digestBytes]
  const digest = createHash('md5').update(bytes.subarray(from, to)).digest()
  if (!digest.equals(bytes.subarray(to, end))) return undefined
  try {
    return readAggregate(bytes, from, to)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** The members of an aggregate; undefined for what is none. Their data are views of `bytes`. */
export function decodeAggregate(bytes: Uint8Array): Member[] | undefined {
  return aggregateRanges(bytes, 0, bytes.length)?.map(({ start, end, ...keys }) => ({
    ...keys,
    data: bytes.subarray(start, end),
  }))
}

/** Puts records together as the Kinesis Producer Library does, keys in tables. */
export function encodeAggregate(members: readonly Member[]): Buffer {
  const partitionKeys = new Map<string, number>()
  const hashKeys = new Map<string, number>()
  const records = members.map(({ partitionKey, explicitHashKey, data }) => {
    const parts = [...field(1, 0, varint(indexIn(partitionKeys, partitionKey)))]
    if (explicitHashKey !== undefined) parts.push(...field(2, 0, varint(indexIn(hashKeys, explicitHashKey))))
    parts.push(...field(3, 2, varint(data.length)))
    return Buffer.concat([Buffer.from(parts), data])
  })
  const texts = (number: number, table: ReadonlyMap<string, number>): Buffer[] =>
    [...table.keys()].map((text) => lengthDelimited(number, Buffer.from(text)))
  const body = Buffer.concat([
    ...texts(1, partitionKeys),
    ...texts(2, hashKeys),
    ...records.map((record) => lengthDelimited(3, record)),
  ])
  return Buffer.concat([Buffer.from(magic), body, createHash('md5').update(body).digest()])
}

function indexIn(table: Map<string, number>, text: string): number {
  const known = table.get(text)
  if (known !== undefined) return known
  table.set(text, table.size)
  return table.size - 1
}

const field = (number: number, wire: number, value: readonly number[]): number[] => [(number << 3) | wire, ...value]

const lengthDelimited = (number: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(field(number, 2, varint(bytes.length))), bytes])

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return bytes
}

/** Reads protobuf. Throws RangeError for what is none. */
class FieldReader {
  readonly bytes: Uint8Array
  at: number
  readonly end: number

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes
    this.at = start
    this.end = end
  }

  varint(): number {
    let [value, scale] = [0, 1]
    for (let i = 0; i < 10; i++) {
      if (this.at >= this.end) throw new RangeError('a number is cut off')
      const byte = this.bytes[this.at++] as number
      value += (byte & 0x7f) * scale
      scale *= 128
      if (byte < 0x80) return value
    }
    throw new RangeError('a number is too long')
  }

  /** @returns where the bytes begin; {@link FieldReader.at} is behind them */
  delimited(): number {
    const length = this.varint()
    const start = this.at
    if (length > this.end - start) throw new RangeError('a field is cut off')
    this.at = start + length
    return start
  }

  skip(wire: number): void {
    if (wire === 0) this.varint()
    else if (wire === 1) this.at += 8
    else if (wire === 2) this.delimited()
    else if (wire === 5) this.at += 4
    else throw new RangeError(`wire type ${wire}`)
    if (this.at > this.end) throw new RangeError('a field is cut off')
  }
}

interface RawMember {
  readonly key: number
  readonly hashKey: number | undefined
  readonly start: number
  readonly end: number
}

function readAggregate(bytes: Uint8Array, start: number, end: number): MemberRange[] {
  const reader = new FieldReader(bytes, start, end)
  const [partitionKeys, hashKeys, raw]: [string[], string[], RawMember[]] = [[], [], []]
  while (reader.at < end) {
    const tag = reader.varint()
    if (tag === 0x0a || tag === 0x12) {
      const from = reader.delimited()
      const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, reader.at - from).toString()
      ;(tag === 0x0a ? partitionKeys : hashKeys).push(text)
    } else if (tag === 0x1a) {
      const from = reader.delimited()
      raw.push(readMember(bytes, from, reader.at))
    } else reader.skip(tag & 7)
  }
  return raw.map(({ key, hashKey, start: from, end: to }) => {
    const partitionKey = partitionKeys[key]
    const explicitHashKey = hashKey === undefined ? undefined : hashKeys[hashKey]
    if (partitionKey === undefined || (hashKey !== undefined && explicitHashKey === undefined))
      throw new RangeError('a key is missing from its table')
    return { partitionKey, explicitHashKey, start: from, end: to }
  })
}

function readMember(bytes: Uint8Array, from: number, to: number): RawMember {
  const reader = new FieldReader(bytes, from, to)
  let key: number | undefined
  let hashKey: number | undefined
  let [start, end] = [-1, -1]
  while (reader.at < to) {
    const tag = reader.varint()
    if (tag === 0x08) key = reader.varint()
    else if (tag === 0x10) hashKey = reader.varint()
    else if (tag === 0x1a) {
      start = reader.delimited()
      end = reader.at
    } else reader.skip(tag & 7)
  }
  if (key === undefined || start < 0) throw new RangeError('a record without key or data')
  return { key, hashKey, start, end }
}
