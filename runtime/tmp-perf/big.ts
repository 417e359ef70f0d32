import { count, from, topology, tumbling, type Source, type Read } from '@millrace/core'
import { start } from '../src/start.ts'
import { rmSync, statSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
const perRead = 4096, N = 20_000_000, keys = 1_000_000
const mk = (at: number): Read<{ page: string; at: number }> => { const values = Array.from({ length: perRead }, (_, i) => ({ page: 'page-number-' + ((at + i) * 7919 % keys), at: 1_700_000_000_000 + (at + i) })); return ({
  type: 'records', values, arrival: Date.now(), position: String(at + perRead),
  positionOf: (r) => String(at + r), metaOf: () => ({ partition: 'a', arrival: 0 }),
}) }
const src: Source<{ page: string; at: number }> = ({
  kind: 'x', description: 'x', resolve: async () => '0', compare: () => 0,
  async *partitions() { yield { partitions: [{ id: 'a' }], final: true } },
  open: async () => { let n = 0; return { read: async () => n >= N / perRead ? { type: 'end' } : mk(n++ * perRead) , close: async () => {} } },
})
const sink = { kind: 'null', description: '', guarantee: 'at-least-once' as const, open: async () => ({ write: () => {}, prepare: async () => ({ handles: [] }), commit: async () => [], abort: async () => {}, close: async () => {} }) }
const topo = topology('perf').sources(() => ({ a: from(src, { eventTime: 'at', maxAhead: '10000d' }) })).build(({ a }) => ({
  o: a.keyBy('page').window(tumbling('1d')).aggregate({ n: count() }).to(sink) }))
for (const s of ['', '-wal', '-shm']) rmSync('/tmp/perf.db' + s, { force: true })
const h = monitorEventLoopDelay({ resolution: 5 }); h.enable()
const job = start(topo, { state: '/tmp/perf.db', checkpointEvery: '1s', onProgress: (p) => console.log(Math.round(p.elapsedMs), p.records, p.checkpoints, (p.stateBytes / 1e6).toFixed(1) + 'MB', 'max delay', (h.max / 1e6).toFixed(0), 'file', (statSync('/tmp/perf.db').size / 1e6).toFixed(0), (process.memoryUsage().rss / 1e6).toFixed(0)+'MB rss') })
await job.finished
