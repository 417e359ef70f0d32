import type { ByteWriter } from '../connector/byte-writer.ts'
import type { Codec, Decoder, Encoder, Refuse } from '../connector/codec.ts'
import type { Slab } from '../connector/slab.ts'
import { badRecord } from './bad-record.ts'
import { byteText } from '../state/byte-text.ts'

/**
 * Text, one string a record: a line, or whatever the source calls a record. A record that is not UTF-8 is refused as
 * BAD_RECORD. Nothing is trimmed: what the source leaves at the end of a line is part of it.
 */
export const lines = (): Codec<string> => textLines

const textLines: Codec<string> = Object.freeze({
  contentType: 'text/plain; charset=utf-8',
  description: 'lines',
  decoder: (): Decoder<string> => ({ decode }),
  encoder: (): Encoder<string> => ({ encode }),
})

function decode(slab: Slab, from: number, to: number, values: unknown[], rows: Int32Array, refuse: Refuse): number {
  const { starts, ends } = slab
  const text = byteText(slab.bytes)
  let count = 0
  for (let row = from; row < to; row++) {
    try {
      values[count] = text.utf8(starts[row]!, ends[row]!)
      rows[count++] = row
    } catch (cause) {
      refuse(row, badRecord('the record is not UTF-8', cause))
    }
  }
  return count
}

/** A lone surrogate has no UTF-8: it would come back as another character. */
function encode(value: string, out: ByteWriter): void {
  if (typeof value !== 'string') throw badRecord(`expected a string, found ${value === null ? 'null' : typeof value}`)
  if (/\p{Surrogate}/u.test(value)) throw badRecord('the text holds half of a surrogate pair, which UTF-8 cannot carry')
  out.text(value)
}
