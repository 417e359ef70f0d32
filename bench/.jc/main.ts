// How much faster than JSON.parse and JSON.stringify are compiled codecs? Lines of about 100 bytes, of six fields.
import { array, boolean, ByteWriter, int, json, number, object, optional, string } from '@millrace/core'
import type { Codec, Slab } from '@millrace/core'
import { machine, median, printResult } from '../support/machine.ts'
const cpu = () => { const u = process.threadCpuUsage(); return (u.user + u.system) / 1000 }

const records = 200_000
const batch = 1_024
const rounds = 9

interface Lines {
  readonly bytes: Buffer
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly length: number
}

function linesOf(record: (i: number) => object): Lines {
  const text = Array.from({ length: records }, (_, i) => JSON.stringify(record(i)))
  const bytes = Buffer.from(`${text.join('\n')}\n`)
  const starts = new Uint32Array(records)
  const ends = new Uint32Array(records)
  for (let i = 0, at = 0; i < records; i++) {
    starts[i] = at
    at = bytes.indexOf(10, at)
    ends[i] = at++
  }
  return { bytes, starts, ends, length: records }
}

/** The same numbers each time, spread like random ones. */
const spread = (i: number, below: number): number => (Math.imul(i + 1, 0x9e3779b1) >>> 0) % below

const click = (i: number): object => ({
  id: spread(i, 2 ** 32)
    .toString(16)
    .padStart(8, '0'),
  user: `u${spread(i * 7, 100_000)}`,
  page: `/p/${String(spread(i * 3, 1_000)).padStart(13, '0')}`,
  ms: spread(i * 5, 1_000),
  at: 1_760_000_000_000 + i,
  bot: i % 20 === 0,
})

const order = (i: number): object => ({
  id: `o-${i}`,
  customer: {
    name: `customer ${spread(i, 500)}`,
    city: ['Köln', 'Oslo', 'Rome'][i % 3],
    ...(i % 2 === 0 && { age: spread(i, 99) }),
  },
  total: spread(i, 100_000) / 100,
  ...(i % 4 !== 0 && { tags: ['new', 'gift', 'sale'].slice(i % 3) }),
  lines: [{ sku: `sku-${spread(i, 300)}`, price: spread(i, 9_999) / 100 }],
  note: i % 10 === 0 ? 'a "quoted" note' : '',
})

const fourFields = { page: string(), ms: int(), at: int(), bot: boolean() }
const sixFields = { id: string(), user: string(), ...fourFields }
const orderFields = {
  id: string(),
  customer: object({ name: string(), city: string(), age: optional(int()) }),
  total: number(),
  tags: optional(array(string())),
  lines: array(object({ sku: string(), price: number() })),
}

const clicks = linesOf(click)
const orders = linesOf(order)

function decoding(codec: Pick<Codec<unknown>, 'decoder'>, lines: Slab): () => void {
  const decoder = codec.decoder()
  const values = Array.from<unknown>({ length: batch })
  const rows = new Int32Array(batch)
  return () => {
    for (let from = 0; from < lines.length; from += batch) {
      const to = Math.min(from + batch, lines.length)
      const count = decoder.decode(lines, from, to, values, rows, (_, error) => {
        throw error
      })
      if (count !== to - from) throw new Error('a record was lost')
    }
  }
}

/** What one writes without a codec. */
function parsing({ bytes, starts, ends, length }: Lines): () => void {
  const values = Array.from<unknown>({ length: batch })
  return () => {
    for (let i = 0; i < length; i++) values[i % batch] = JSON.parse(bytes.toString('latin1', starts[i], ends[i]))
  }
}

function encoding(write: (record: never, out: ByteWriter) => void, all: readonly object[]): () => void {
  const out = new ByteWriter(1 << 20)
  return () => {
    for (let i = 0; i < all.length; i++) {
      if (i % batch === 0) out.length = 0
      write(all[i] as never, out)
      out.byte(10)
    }
  }
}

const encoder = json(sixFields).encoder()
const values = Array.from({ length: records }, (_, i) => click(i))

const contenders: Readonly<Record<string, () => void>> = {
  parse: parsing(clicks),
  compiled: decoding(json(fourFields), clicks),
  compiledSix: decoding(json(sixFields), clicks),
  plain: decoding(json(), clicks),
  parseOrders: parsing(orders),
  compiledOrders: decoding(json(orderFields), orders),
  stringify: encoding((record, out) => out.text(JSON.stringify(record)), values),
  encode: encoding((record, out) => encoder.encode(record, out), values),
}

const bytesEach = (lines: Lines): number => Math.round(lines.bytes.length / records)
console.log(
  `${records} records of ${bytesEach(clicks)} bytes (orders: ${bytesEach(orders)}); ${machine()}; medians of ${rounds} interleaved rounds after three to warm up`,
)

const rates: Record<string, number[]> = {}
for (let round = -3; round < rounds; round++) {
  for (const [name, run] of Object.entries(contenders).filter(([n]) => (process.env.ONLY ?? n).split(',').includes(n))) {
    const started = cpu()
    run()
    if (round >= 0) (rates[name] ??= []).push(records / (cpu() - started) / 1_000)
  }
}

const rate = (name: string): number => median(rates[name] ?? [])
const line = (name: string, peer: string, what: string): void =>
  console.log(
    `${what.padEnd(46)} ${rate(name).toFixed(2).padStart(6)} M records/s  ${(rate(name) / rate(peer)).toFixed(1).padStart(4)} x`,
  )

line('parse', 'parse', 'JSON.parse, a record at a time')
line('plain', 'parse', 'json()')
line('compiled', 'parse', 'json({ page, ms, at, bot })')
line('compiledSix', 'parse', 'json({ all six fields })')
line('parseOrders', 'parseOrders', 'nested orders: JSON.parse')
line('compiledOrders', 'parseOrders', 'nested orders: json({ … })')
line('stringify', 'stringify', 'JSON.stringify')
line('encode', 'stringify', 'json({ all six fields }), encoding')

printResult('json-codec', {
  compiled: rate('compiled'),
  parse: rate('parse'),
  ratio: rate('compiled') / rate('parse'),
  compiledSix: rate('compiledSix'),
  orders: rate('compiledOrders') / rate('parseOrders'),
  encode: rate('encode'),
  stringify: rate('stringify'),
})
