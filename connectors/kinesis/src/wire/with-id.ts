import {
  type ByteWriter,
  type Codec,
  type Decoder,
  type Encoder,
  MillraceError,
  type Refuse,
  type Slab,
} from '@millrace/core'

/** A record with the id that it was written with. */
export interface Identified<T> {
  readonly id: string
  readonly value: T
}

/** Tells records with an id from others. */
const magic = 0x01
const mostIdBytes = 1_024

/**
 * Writes an id in front of each record, so that who reads with {@link readId} can drop repeats: `dedupe('id')` makes each count once, though
 * the sink may put it again after a crash.
 *
 * `idOf` must give the same id when the topology computes the record again: what it stands for, as a key and the start of its window, or the id of
 * the record that it was made of; never a random number or the time.
 *
 * @example
 * ```ts
 * counts.to(kinesisSink({ stream: 'counts', encode: writeId(json(), ({ key, start }) => `${key}/${start}`) }))
 * ```
 */
export function writeId<T>(codec: Codec<T>, idOf: (value: T) => string): Codec<T> {
  return {
    contentType: 'application/octet-stream',
    description: `writeId(${codec.description})`,
    decoder: () => {
      throw new MillraceError('BAD_OPTION', 'writeId: it only writes; read with readId')
    },
    encoder: () => new IdEncoder(codec.encoder(), idOf),
  }
}

/**
 * Reads what {@link writeId} has written, as `{ id, value }`.
 *
 * @example
 * ```ts
 * from(kinesis({ stream: 'counts', decode: readId(json({ key: string(), n: int() })) })) // then .dedupe('id', { within: '1h' })
 * ```
 */
export function readId<T>(codec: Codec<T>): Codec<Identified<T>> {
  return {
    contentType: 'application/octet-stream',
    description: `readId(${codec.description})`,
    decoder: () => new IdDecoder(codec.decoder()),
    encoder: () => {
      throw new MillraceError('BAD_OPTION', 'readId: it only reads; write with writeId')
    },
  }
}

class IdEncoder<T> implements Encoder<T> {
  readonly #inner: Encoder<T>
  readonly #idOf: (value: T) => string

  constructor(inner: Encoder<T>, idOf: (value: T) => string) {
    this.#inner = inner
    this.#idOf = idOf
  }

  encode(value: T, out: ByteWriter): void {
    const id: unknown = this.#idOf(value)
    const bytes = Buffer.from(typeof id === 'string' ? id : '')
    if (bytes.length === 0 || bytes.length > mostIdBytes)
      throw new MillraceError(
        'BAD_KEY',
        `writeId: the id ${JSON.stringify(id)} is not a text of 1 to ${mostIdBytes} bytes`,
      )
    const start = out.length
    out.byte(magic)
    out.varint(bytes.length)
    out.bytes(bytes)
    try {
      this.#inner.encode(value, out)
    } catch (error) {
      out.length = start
      throw error
    }
  }
}

class IdDecoder<T> implements Decoder<Identified<T>> {
  readonly #inner: Decoder<T>
  #starts = new Uint32Array(0)

  constructor(inner: Decoder<T>) {
    this.#inner = inner
  }

  decode(slab: Slab, from: number, to: number, values: unknown[], rows: Int32Array, refuse: Refuse): number {
    if (this.#starts.length < slab.length) this.#starts = new Uint32Array(slab.length)
    const ids = new Map<number, string>()
    for (let row = from; row < to; row++) this.#starts[row] = this.#readId(slab, row, ids)
    const behind = { ...slab, starts: this.#starts }
    const count = this.#inner.decode(behind, from, to, values, rows, (row, error) =>
      refuse(row, ids.has(row) ? error : noId()),
    )
    let kept = 0
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number
      const id = ids.get(row)
      if (id === undefined) {
        refuse(row, noId())
        continue
      }
      rows[kept] = row
      values[kept++] = { id, value: values[i] as T } satisfies Identified<T>
    }
    return kept
  }

  /** @returns where the record itself begins */
  #readId({ bytes, starts, ends }: Slab, row: number, ids: Map<number, string>): number {
    const [start, end] = [starts[row] ?? 0, ends[row] ?? 0]
    if (bytes[start] !== magic) return start
    let [at, length, scale] = [start + 1, 0, 1]
    for (; at < end; scale *= 128) {
      const byte = bytes[at++] as number
      length += (byte & 127) * scale
      if (byte < 128) break
      if (scale > mostIdBytes) return start
    }
    if (length === 0 || length > mostIdBytes || at + length > end) return start
    ids.set(row, Buffer.from(bytes.buffer, bytes.byteOffset + at, length).toString())
    return at + length
  }
}

const noId = (): MillraceError =>
  new MillraceError('BAD_RECORD', 'readId: the record has no id; was it written with writeId?')
