import type { ByteWriter } from '../connector/byte-writer.ts'
import type { Codec, Decoder, Encoder } from '../connector/codec.ts'
import type { Slab } from '../connector/slab.ts'
import { badRecord } from './bad-record.ts'

/** The bytes of each record as they are, as a copy that is yours to keep. */
export const bytes = (): Codec<Uint8Array> => rawBytes

const rawBytes: Codec<Uint8Array> = Object.freeze({
  contentType: 'application/octet-stream',
  description: 'bytes',
  decoder: (): Decoder<Uint8Array> => ({ decode }),
  encoder: (): Encoder<Uint8Array> => ({ encode }),
})

function decode(slab: Slab, from: number, to: number, values: unknown[], rows: Int32Array): number {
  const { bytes: all, starts, ends } = slab
  for (let row = from; row < to; row++) {
    values[row - from] = new Uint8Array(all.subarray(starts[row], ends[row]))
    rows[row - from] = row
  }
  return to - from
}

function encode(value: Uint8Array, out: ByteWriter): void {
  if (!(value instanceof Uint8Array))
    throw badRecord(`expected a Uint8Array, found ${value === null ? 'null' : typeof value}`)
  out.bytes(value)
}
