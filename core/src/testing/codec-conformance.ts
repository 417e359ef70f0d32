import { ByteWriter } from '../connector/byte-writer.ts'
import type { Codec, Decoder } from '../connector/codec.ts'
import type { Slab } from '../connector/slab.ts'
import { isMillraceError } from '../errors.ts'
import type { Expect, TestFunction } from './test-runner.ts'

/** Arguments of {@link codecConformance}. */
export interface CodecConformanceOptions<T> {
  readonly test: TestFunction
  readonly expect: Expect
  /** Called once or more a test. */
  readonly create: () => Codec<T>
  /** Records that come back from their bytes as they were; some dozen that differ, with the odd ones among them. */
  readonly samples: readonly T[]
  /** Records that do not decode, as text or bytes; none for a codec that takes all there is. */
  readonly refused: readonly (string | Uint8Array)[]
  /** Values that do not encode, of whatever type. @default [] */
  readonly unwritable?: readonly unknown[]
}

/** Checks every sentence of the `Codec` contract. */
export function codecConformance<T>(options: CodecConformanceOptions<T>): void {
  for (const part of [roundTrip, rows, refusal, pieces, surroundings, memory, independence, unwritable]) part(options)
}

function roundTrip<T>({ test, expect, create, samples }: CodecConformanceOptions<T>): void {
  test('decodes what it encoded', async () => {
    const { records, refusals } = decodeAll(create().decoder(), slabOf(encoded(create(), samples)))
    expect(refusals).toEqual([])
    expect(records).toEqual(samples.map((sample, row) => [row, sample]))
  })

  test('encodes again to the same bytes', async () => {
    const rowsOnce = encoded(create(), samples)
    const { records } = decodeAll(create().decoder(), slabOf(rowsOnce))
    const again = records.map(([, record]) => record as T)
    expect(encoded(create(), again).map(hex)).toEqual(rowsOnce.map(hex))
  })
}

function rows<T>({ test, expect, create, samples }: CodecConformanceOptions<T>): void {
  test('decodes the rows it is asked for and no other', async () => {
    const slab = slabOf(encoded(create(), samples))
    for (let from = 0; from <= slab.length; from++) {
      const { records } = decodeAll(create().decoder(), slab, from, slab.length)
      expect(records).toEqual(samples.slice(from).map((sample, i) => [from + i, sample]))
    }
  })
}

function refusal<T>({ test, expect, create, samples, refused }: CodecConformanceOptions<T>): void {
  if (refused.length === 0) return
  test('refuses a record with an error of its own and goes on', async () => {
    const decoder = create().decoder()
    for (const [row, bad] of refused.entries()) {
      const good = encoded(create(), samples)
      const at = row % (samples.length + 1)
      const mixed = [...good.slice(0, at), bytesOf(bad), ...good.slice(at)]
      const { records, refusals } = decodeAll(decoder, slabOf(mixed))
      expect(refusals.map(([badRow, error]) => [badRow, isMillraceError(error), bad])).toEqual([[at, true, bad]])
      expect(records).toEqual(samples.map((sample, i) => [i < at ? i : i + 1, sample]))
    }
  })

  test('refuses every record of a slab when it must', async () => {
    const { records, refusals } = decodeAll(create().decoder(), slabOf(refused.map(bytesOf)))
    expect(records).toEqual([])
    expect(refusals.map(([row]) => row)).toEqual(refused.map((_, row) => row))
  })
}

function pieces<T>(options: CodecConformanceOptions<T>): void {
  const { test, expect, create } = options
  test('decodes the same in pieces as at once', async () => {
    const slab = slabOf(mixture(options))
    const whole = summary(decodeAll(create().decoder(), slab))
    for (const size of [1, 2, 3, 7]) {
      const decoder = create().decoder()
      const parts: Decoded[] = []
      for (let from = 0; from < slab.length; from += size) {
        parts.push(decodeAll(decoder, slab, from, Math.min(from + size, slab.length)))
      }
      const records = parts.flatMap((part) => part.records)
      const refusals = parts.flatMap((part) => part.refusals)
      expect(summary({ records, refusals })).toEqual(whole)
    }
  })

  test('decodes the same a second time', async () => {
    const slab = slabOf(mixture(options))
    const decoder = create().decoder()
    const once = summary(decodeAll(decoder, slab))
    expect(summary(decodeAll(decoder, slab))).toEqual(once)
  })
}

/** What may stand around a record: more of what looks like it, and what looks like nothing. */
const fillings = ['', '\n', '}', '0', '"', '\\', ' ', ',', ']', '\xff', 'x'.repeat(9)]

function surroundings<T>(options: CodecConformanceOptions<T>): void {
  const { test, expect, create } = options
  test('reads nothing before, between or after records', async () => {
    const all = mixture(options)
    const whole = summary(decodeAll(create().decoder(), slabOf(all)))
    for (const filling of fillings) {
      const filled = slabOf(
        all,
        Uint8Array.from(filling, (letter) => letter.charCodeAt(0)),
      )
      expect(summary(decodeAll(create().decoder(), filled))).toEqual(whole)
    }
  })

  test('takes slabs whose memory begins anywhere', async () => {
    const slab = slabOf(mixture(options))
    const whole = summary(decodeAll(create().decoder(), slab))
    for (let offset = 0; offset < 8; offset++) {
      expect(summary(decodeAll(create().decoder(), moved(slab, offset)))).toEqual(whole)
    }
  })
}

function memory<T>({ test, expect, create, samples }: CodecConformanceOptions<T>): void {
  test('keeps nothing of the memory of a slab', async () => {
    const slab = slabOf(encoded(create(), samples))
    const { records } = decodeAll(create().decoder(), slab)
    slab.bytes.fill(0x41)
    expect(records).toEqual(samples.map((sample, row) => [row, sample]))
  })
}

function independence<T>(options: CodecConformanceOptions<T>): void {
  const { test, expect, create } = options
  test('makes decoders that know nothing of one another', async () => {
    const slab = slabOf(mixture(options))
    const whole = summary(decodeAll(create().decoder(), slab))
    const codec = create()
    const [one, other] = [codec.decoder(), codec.decoder()]
    const both: [Decoded, Decoded] = [
      { records: [], refusals: [] },
      { records: [], refusals: [] },
    ]
    for (let row = 0; row < slab.length; row++) {
      append(both[0], decodeAll(one, slab, row, row + 1))
      append(both[1], decodeAll(other, slab, slab.length - row - 1, slab.length - row))
    }
    const [forwards, backwards] = both
    expect(summary(forwards)).toEqual(whole)
    const inOrder = { records: backwards.records.toReversed(), refusals: backwards.refusals.toReversed() }
    expect(summary(inOrder)).toEqual(whole)
  })
}

function unwritable<T>({ test, expect, create, samples, unwritable: values = [] }: CodecConformanceOptions<T>): void {
  test('appends to what was written before', async () => {
    const out = new ByteWriter(1)
    out.text('before')
    const encoder = create().encoder()
    const expected = encoded(create(), samples).map(hex)
    for (const sample of samples) encoder.encode(sample, out)
    expect(hex(out.view())).toEqual(hex(bytesOf('before')) + expected.join(''))
  })

  if (values.length === 0) return
  test('appends nothing of a value that it refuses', async () => {
    const out = new ByteWriter(1)
    out.text('before')
    const encoder = create().encoder()
    for (const value of values) {
      expect(refusalOf(() => encoder.encode(value as T, out))).toBe(true)
      expect(hex(out.view())).toEqual(hex(bytesOf('before')))
    }
    const [sample] = samples
    if (sample === undefined) return
    encoder.encode(sample, out)
    expect(hex(out.view())).toEqual(hex(bytesOf('before')) + encoded(create(), [sample]).map(hex).join(''))
  })
}

/** Records and refusals, each with its row. */
interface Decoded {
  readonly records: (readonly [row: number, record: unknown])[]
  readonly refusals: (readonly [row: number, error: unknown])[]
}

function decodeAll(decoder: Decoder<unknown>, slab: Slab, from = 0, to: number = slab.length): Decoded {
  const values = Array.from<unknown>({ length: to - from })
  const rowOf = new Int32Array(to - from)
  const refusals: Decoded['refusals'] = []
  const count = decoder.decode(slab, from, to, values, rowOf, (row, error) => refusals.push([row, error]))
  return { records: values.slice(0, count).map((record, i) => [rowOf[i] ?? -1, record]), refusals }
}

const summary = ({ records, refusals }: Decoded): unknown => ({ records, refused: refusals.map(([row]) => row) })

function append(to: Decoded, { records, refusals }: Decoded): void {
  to.records.push(...records)
  to.refusals.push(...refusals)
}

/** Samples with a refused record after each, as long as there are any. */
function mixture<T>({ create, samples, refused }: CodecConformanceOptions<T>): Uint8Array[] {
  return encoded(create(), samples).flatMap((sample, i) => [sample, ...refused.slice(i, i + 1).map(bytesOf)])
}

function encoded<T>(codec: Codec<T>, records: readonly T[]): Uint8Array[] {
  const encoder = codec.encoder()
  const out = new ByteWriter()
  return records.map((record) => {
    encoder.encode(record, out)
    return out.take()
  })
}

/** Records in one piece of memory, with a filling around each. */
function slabOf(records: readonly Uint8Array[], filling: Uint8Array = new Uint8Array()): Slab {
  const out = new ByteWriter()
  const starts: number[] = []
  const ends: number[] = []
  out.bytes(filling)
  for (const record of records) {
    starts.push(out.length)
    out.bytes(record)
    ends.push(out.length)
    out.bytes(filling)
  }
  return { bytes: out.take(), starts: Uint32Array.from(starts), ends: Uint32Array.from(ends), length: records.length }
}

/** The same slab in the midst of larger memory. */
function moved(slab: Slab, offset: number): Slab {
  const around = new Uint8Array(slab.bytes.length + offset + 8).fill(0x30)
  around.set(slab.bytes, offset)
  return { ...slab, bytes: around.subarray(offset, offset + slab.bytes.length) }
}

const utf8 = new TextEncoder()

const bytesOf = (record: string | Uint8Array): Uint8Array => (typeof record === 'string' ? utf8.encode(record) : record)

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** Whether this throws what a codec may throw. */
function refusalOf(run: () => void): boolean {
  try {
    run()
    return false
  } catch (error) {
    return isMillraceError(error)
  }
}
