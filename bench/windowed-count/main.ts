// How does a windowed count compare with the same job written by hand? JSON lines of about 100 bytes, filter, map, keyBy,
// tumbling count; Millrace keeps state and checkpoints to disk meanwhile, the others keep nothing.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { boolean, count, from, int, json, string, topology, tumbling, type Codec, type Sink } from '@millrace/core'
import { run } from '@millrace/runtime'
import { machine, median, printResult } from '../support/machine.ts'
import { lineSource } from './line-source.ts'
import { makeLines, recordsInLines, type Lines } from './lines.ts'
import { forawait, loop, rxjs, type Counted } from './peers.ts'

const rounds = 3
const memoryTimes = 10

interface Click {
  readonly page: string
  readonly ms: number
  readonly at: number
  readonly bot: boolean
}

interface Window {
  readonly n: number
}

/** Adds up what reaches it: a sink that costs as little as a sink can. */
function adding(total: { windows: number; views: number }): Sink<Window> {
  return {
    kind: 'adding',
    description: 'adding()',
    guarantee: 'at-least-once',
    open: async () => ({
      write({ values }) {
        total.windows += values.length
        for (const { n } of values) total.views += n
      },
      prepare: async () => ({ handles: [] }),
      commit: async () => [],
      abort: async () => {},
      close: async () => {},
    }),
  }
}

async function millrace(lines: Lines, decode: Codec<Click>, times = 1): Promise<Counted> {
  const total = { windows: 0, views: 0 }
  const counts = topology('windowed-count')
    .sources(() => ({ clicks: from(lineSource(lines, times, decode), { eventTime: 'at', outOfOrderness: '3s' }) }))
    .build(({ clicks }) => ({
      counts: clicks
        .filter((click) => !click.bot)
        .map(({ page, ms, at }) => ({ page, ms, at }))
        .keyBy('page')
        .window(tumbling('10s'))
        .aggregate({ n: count() })
        .to(adding(total)),
    }))
  const folder = mkdtempSync(join(tmpdir(), 'windowed-count-'))
  try {
    await run(counts, { state: join(folder, 'state.db') })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return total
}

const compiled = (): Codec<Click> => json({ page: string(), ms: int(), at: int(), bot: boolean() })

const contenders: Readonly<Record<string, (lines: Lines) => Counted | Promise<Counted>>> = {
  millrace: (lines) => millrace(lines, compiled()),
  millraceParse: (lines) => millrace(lines, json<Click>()),
  loop,
  rxjs,
  forawait,
}

const lines = makeLines()
console.log(
  `${recordsInLines} lines of ${Math.round(lines.bytes.length / recordsInLines)} bytes; ${machine()}; ${rounds} interleaved rounds after one to warm up, medians`,
)

const rates: Record<string, number[]> = {}
let expected: Counted | undefined
for (let round = 0; round <= rounds; round++) {
  for (const [name, contender] of Object.entries(contenders)) {
    const started = performance.now()
    const counted = await contender(lines)
    const rate = recordsInLines / ((performance.now() - started) / 1000)
    expected ??= counted
    if (counted.windows !== expected.windows || counted.views !== expected.views) {
      throw new Error(`${name} counted ${JSON.stringify(counted)}, not ${JSON.stringify(expected)}`)
    }
    if (round > 0) (rates[name] ??= []).push(rate)
  }
}

const figures = Object.fromEntries(Object.entries(rates).map(([name, all]) => [name, median(all)]))
for (const [name, rate] of Object.entries(figures)) {
  console.log(
    `${name.padEnd(14)} ${(rate / 1e6).toFixed(2)} M records/s  ${(rate / (figures['loop'] ?? NaN)).toFixed(2)} x loop`,
  )
}

// Memory: the same job over ten times as many records, once it has warmed up.
const rss = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().rss / 1024 ** 2
}
await millrace(lines, compiled(), 2)
const before = rss()
await millrace(lines, compiled(), memoryTimes)
const rssGrowthMiB = rss() - before
console.log(
  `resident memory over ${(memoryTimes * recordsInLines) / 1e6} M more records: ${rssGrowthMiB.toFixed(1)} MiB`,
)
printResult('windowed-count', { ...figures, rssGrowthMiB })
