import type { ByteWriter, Codec, Slab } from '@millrace/core'

const utf8 = new TextDecoder()

/** Each line as text: the plainest codec there is. */
export const text: Codec<string> = {
  contentType: 'text/plain',
  description: 'text',
  decoder: () => ({
    decode(slab: Slab, from: number, to: number, values: unknown[], rows: Int32Array): number {
      for (let row = from; row < to; row++) {
        values[row - from] = utf8.decode(slab.bytes.subarray(slab.starts[row], slab.ends[row]))
        rows[row - from] = row
      }
      return to - from
    },
  }),
  encoder: () => ({
    encode(value: string, out: ByteWriter): void {
      out.text(value)
    },
  }),
}
