import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { ByteWriter, type ExchangePartition, MillraceError, type Position } from '@millrace/core'
import { FrameReader } from './frame-reader.ts'

/**
 * What a task sends to one partition of an exchange: readable alone, by any process of this or a later version.
 *
 * ```
 *   frame = version flags length body crc32      length = of the body before it was compressed
 * ```
 */
const version = 1
const flag = { partials: 1, compressed: 2 } as const
const checksumBytes = 4
/** Compression costs more than it saves below this. */
const leastToCompress = 4096
/** What must be left of a body for it to be worth the reader's time. */
const mostLeft = 0.9

/** Where a frame was read, for errors. */
export interface FramePlace extends ExchangePartition {
  readonly position: Position
}

/** A frame as it lies in the exchange, opened. */
export interface OpenFrame {
  readonly kind: 'rows' | 'partials'
  readonly body: Uint8Array
}

/** Closes a frame; compresses it where that helps. */
export function sealFrame({ kind, body }: OpenFrame): Uint8Array {
  const small = body.length >= leastToCompress ? compress(body) : undefined
  const out = new ByteWriter(16 + (small ?? body).length)
  out.byte(version)
  out.byte((kind === 'partials' ? flag.partials : 0) | (small ? flag.compressed : 0))
  out.varint(body.length)
  out.bytes(small ?? body)
  const checksum = crc32(out.view())
  for (let shift = 0; shift < 32; shift += 8) out.byte((checksum >>> shift) & 255)
  return out.take()
}

function compress(body: Uint8Array): Uint8Array | undefined {
  const small = zstdCompressSync(body, { params: { [constants.ZSTD_c_compressionLevel]: 1 } })
  return small.length <= body.length * mostLeft ? small : undefined
}

/** Opens a frame. Throws an Error that says what is wrong with it; {@link corruptFrame} says where. */
export function openFrame(frame: Uint8Array): OpenFrame {
  const from = new FrameReader(frame)
  const written = from.byte()
  if (written > version) throw new Error(`a later release wrote it (version ${written}, this one reads ${version})`)
  if (written !== version || !isWhole(frame)) throw new Error('its checksum differs')
  const flags = from.byte()
  const length = from.varint()
  const body = frame.subarray(from.at, -checksumBytes)
  const isCompressed = (flags & flag.compressed) !== 0
  return { kind: flags & flag.partials ? 'partials' : 'rows', body: isCompressed ? expand(body, length) : body }
}

function isWhole(frame: Uint8Array): boolean {
  const end = frame.length - checksumBytes
  if (end < 0) return false
  return new DataView(frame.buffer, frame.byteOffset).getUint32(end, true) === crc32(frame.subarray(0, end))
}

/** Of a length that is known, and no Buffer: a slice of one would be no copy. */
function expand(body: Uint8Array, length: number): Uint8Array {
  const { buffer, byteOffset } = zstdDecompressSync(body, { maxOutputLength: Math.max(1, length) })
  return new Uint8Array(buffer, byteOffset, length)
}

/** The error of a frame that cannot be read. */
export const corruptFrame = ({ exchange, partition, position }: FramePlace, cause: unknown): MillraceError =>
  new MillraceError(
    'CORRUPT_STATE',
    `exchange ${exchange}, partition ${partition}, position ${position}: a frame cannot be read: ${reasonOf(cause)}; ` +
      'run the release that wrote it, rewind the job, or restore the backplane from a backup',
    { cause, node: exchange, partition: String(partition), position },
  )

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
