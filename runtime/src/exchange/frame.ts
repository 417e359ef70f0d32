import { crc32, zstdCompressSync, zstdDecompressSync, constants } from 'node:zlib'
import { type ExchangeRows, MillraceError } from '@millrace/core'
import { Packr } from 'msgpackr'

/**
 * A frame: what a task sends to one partition of an exchange, readable alone by any later version.
 *
 * ```
 *   frame = version kind body crc32       kind = 1 rows, 2 partial aggregates, + 128 when the body is compressed (zstd)
 * ```
 */
const version = 1
const kinds = { rows: 1, partials: 2 } as const
const compressed = 128
/** Compression costs more than it saves below this. */
const leastToCompress = 4096

/** What a frame holds. */
export type Frame =
  | { readonly kind: 'rows'; readonly rows: ExchangeRows }
  | { readonly kind: 'partials'; readonly bytes: Uint8Array }

/** Record definitions lie inline, once a frame: nothing is shared between frames. */
const packr = new Packr({ useRecords: true, moreTypes: true, structuredClone: false, int64AsType: 'bigint' } as object)

/** Rows as they lie in a frame: marks and places only where they differ from what is usual. */
interface StoredRows {
  readonly n: number
  readonly k: readonly unknown[]
  readonly v: readonly unknown[]
  readonly t: Uint8Array
  readonly s: Uint8Array
  readonly p: readonly string[]
  readonly pi?: readonly number[]
  readonly mi?: readonly number[]
  readonly m?: Uint8Array
}

export const encodeRows = (rows: ExchangeRows): Uint8Array => seal(kinds.rows, packr.pack(store(rows)))

export const encodePartials = (bytes: Uint8Array): Uint8Array => seal(kinds.partials, bytes)

/** Throws CORRUPT_STATE; `where` names exchange, partition and position. */
export function decodeFrame(frame: Uint8Array, where: string): Frame {
  const kind = frame[1] ?? 0
  if (frame[0] !== version) throw corrupt(where, `version ${frame[0]}, this release reads ${version}`)
  const body = frame.subarray(2, frame.length - 4)
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  if (frame.length < 6 || view.getUint32(frame.length - 4) !== crc32(frame.subarray(0, frame.length - 4)))
    throw corrupt(where, 'its checksum differs')
  const bytes = (kind & compressed) === 0 ? body : zstdDecompressSync(body)
  if ((kind & ~compressed) === kinds.partials) return { kind: 'partials', bytes }
  return { kind: 'rows', rows: load(packr.unpack(bytes) as StoredRows) }
}

function seal(kind: number, body: Uint8Array): Uint8Array {
  const small = body.length >= leastToCompress ? compress(body) : undefined
  const content = small ?? body
  const frame = new Uint8Array(content.length + 6)
  frame[0] = version
  frame[1] = small ? kind | compressed : kind
  frame.set(content, 2)
  new DataView(frame.buffer).setUint32(frame.length - 4, crc32(frame.subarray(0, frame.length - 4)))
  return frame
}

function compress(body: Uint8Array): Uint8Array | undefined {
  const small = zstdCompressSync(body, { params: { [constants.ZSTD_c_compressionLevel]: 1 } })
  return small.length < body.length * 0.9 ? small : undefined
}

function store({ length: n, keys, values, times, marks, places, sequences }: ExchangeRows): StoredRows {
  const table = [...new Set(places)]
  const at = new Map(table.map((place, i) => [place, i]))
  const behind = Array.from({ length: n }, (_, i) => i).filter((i) => marks[i] !== -Infinity)
  return {
    n,
    k: keys,
    v: values,
    t: bytesOf(Float64Array.from(times)),
    s: bytesOf(Float64Array.from(sequences)),
    p: table,
    ...(table.length > 1 && { pi: places.map((place) => at.get(place) ?? 0) }),
    ...(behind.length > 0 && { mi: behind, m: bytesOf(Float64Array.from(behind, (i) => marks[i] ?? -Infinity)) }),
  }
}

function load({ n, k, v, t, s, p, pi, mi = [], m }: StoredRows): ExchangeRows {
  const marks = new Float64Array(n).fill(-Infinity)
  const behind = m ? doublesOf(m) : []
  mi.forEach((row, i) => (marks[row] = behind[i] ?? -Infinity))
  const [only = ''] = p
  return {
    length: n,
    keys: k as ExchangeRows['keys'],
    values: v,
    times: doublesOf(t),
    marks,
    places: pi ? pi.map((i) => p[i] ?? '') : Array.from({ length: n }, () => only),
    sequences: doublesOf(s),
  }
}

const bytesOf = (doubles: Float64Array): Uint8Array =>
  new Uint8Array(doubles.buffer, doubles.byteOffset, doubles.byteLength)

/** Copied, as doubles must lie at multiples of 8. */
const doublesOf = (bytes: Uint8Array): Float64Array => new Float64Array(bytes.slice().buffer)

const corrupt = (where: string, what: string): MillraceError =>
  new MillraceError('CORRUPT_STATE', `${where}: the frame cannot be read: ${what}; rewind the job, or restore Redis from a backup`)
