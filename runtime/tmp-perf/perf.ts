import { count, from, topology, tumbling, type Source, type Read } from '@millrace/core'
import { Engine } from '@millrace/core/engine'
import { start } from '../src/start.ts'
import { rmSync } from 'node:fs'
const perRead = 4096, N = 6_000_000, keys = Number(process.argv[2] ?? 1000)
const values = Array.from({ length: perRead }, (_, i) => ({ page: 'p' + (i % keys), at: 0, bot: i % 10 === 0 }))
const mk = (at: number): Read<{ page: string; at: number; bot: boolean }> => ({
  type: 'records', values: values.map((v, i) => ({ page: 'p' + ((at + i * 7919) % keys), at: 1_700_000_000_000 + (at + i), bot: v.bot })), arrival: Date.now(), position: String(at + perRead),
  positionOf: (r) => String(at + r), metaOf: () => ({ partition: 'a', arrival: 0 }),
})
const pre = Array.from({ length: 50 }, (_, i) => mk(i * perRead))
const src = (limit: number): Source<{ page: string; at: number; bot: boolean }> => ({
  kind: 'x', description: 'x', resolve: async () => '0', compare: () => 0,
  async *partitions() { yield { partitions: [{ id: 'a' }, { id: 'b' }], final: true } },
  open: async () => { let n = 0; return { read: async () => n >= limit / 2 / perRead ? { type: 'end' } : { ...pre[n++ % 50]! , position: String(n)} , close: async () => {} } },
})
let out = 0
const sink = { kind: 'null', description: '', guarantee: 'at-least-once' as const, open: async () => ({ write: (b: {length: number}) => { out += b.length }, prepare: async () => ({ handles: [] }), commit: async () => [], abort: async () => {}, close: async () => {} }) }
const topo = topology('perf').sources(() => ({ a: from(src(N), { eventTime: 'at', outOfOrderness: '1d', maxAhead: '10000d' }) })).build(({ a }) => ({
  o: a.filter((x) => !x.bot).map((x) => ({ page: x.page, at: x.at })).keyBy('page').window(tumbling('1m')).aggregate({ n: count() }).to(sink) }))
for (let round = 0; round < 3; round++) {
  {
    const e = new Engine(topo.graph({}), { clock: { now: () => Date.now() } })
    const p = e.addPartition('a', 'a')
    const t = performance.now()
    for (let n = 0; n < N / perRead; n++) { const r = pre[n % 50]!; let row = 0; while (row < perRead) { row = e.process(p, r as never, row); e.advance() } }
    console.log('engine', (N / (performance.now() - t) / 1000).toFixed(2), 'M/s')
  }
  for (const state of [':memory:', '/tmp/perf.db']) {
    rmSync('/tmp/perf.db', { force: true }); rmSync('/tmp/perf.db-wal', { force: true }); rmSync('/tmp/perf.db-shm', { force: true })
    const t = performance.now()
    const s = await start(topo, { state }).finished
    console.log('worker', state, (s.records / (performance.now() - t) / 1000).toFixed(2), 'M/s', s.checkpoints, 'checkpoints')
  }
}
