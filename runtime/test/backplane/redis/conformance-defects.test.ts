import { clusterConformance } from '@millrace/core/testing'
import { expect, test } from 'vitest'
import type { Scripts } from '../../../src/backplane/redis/scripts.ts'
import { modelStore } from './support/model-store.ts'

type Defect = (sound: Scripts) => Partial<Scripts>

const defects: readonly [what: string, defect: Defect][] = [
  [
    'says of lost leases that they are held',
    (s) => ({ heartbeat: async (r) => ({ ...(await s.heartbeat(r)), held: r.leases.map(() => true) }) }),
  ],
  ['knows no free tasks', (s) => ({ heartbeat: async (r) => ({ ...(await s.heartbeat(r)), free: 0 }) })],
  ['never drains', (s) => ({ heartbeat: async (r) => ({ ...(await s.heartbeat(r)), drain: false }) })],
  ['has finished from the start', (s) => ({ heartbeat: async (r) => ({ ...(await s.heartbeat(r)), finished: true }) })],
  ['keeps nothing for anybody', (s) => ({ release: (r) => s.release({ lease: r.lease }) })],
  [
    'gives out as many tasks of sources as there are',
    (s) => ({ claim: (r) => s.claim({ ...r, mostOfSources: r.most }) }),
  ],
  [
    'forgets where partitions begin',
    (s) => ({ claim: async (r) => (await s.claim(r)).map((c) => ({ ...c, start: undefined })) }),
  ],
  [
    'waits for parents that are gone',
    (s) => ({ register: (r) => s.register({ ...r, found: r.found.map((row) => ({ ...row, unlisted: [] })) }) }),
  ],
  [
    'waits for no parents',
    (s) => ({ register: (r) => s.register({ ...r, found: r.found.map((row) => ({ ...row, parents: [] })) }) }),
  ],
  [
    'learns of children by discovery only',
    (s) => ({ writeCheckpoint: (r) => s.writeCheckpoint({ ...r, ended: r.ended && [] }) }),
  ],
  ['never ends a partition', (s) => ({ writeCheckpoint: (r) => s.writeCheckpoint({ ...r, ended: undefined }) })],
  ['waits for those that are idle', (s) => ({ writeCheckpoint: (r) => s.writeCheckpoint({ ...r, idle: false }) })],
  [
    'keeps no promise of event time',
    (s) => ({ writeCheckpoint: (r) => s.writeCheckpoint({ ...r, watermark: undefined }) }),
  ],
  ['trims nothing', (s) => ({ writeCheckpoint: (r) => s.writeCheckpoint({ ...r, consumed: undefined }) })],
  [
    'trims before the checkpoint of the reader',
    (s) => ({
      readExchanges: async (r) => {
        const reply = await s.readExchanges(r)
        return reply.type === 'read'
          ? { ...reply, found: reply.found.map((f) => ({ ...f, entries: f.entries.slice(-1) })) }
          : reply
      },
    }),
  ],
  ['publishes nothing that was staged', (s) => ({ writeCheckpoint: (r) => s.writeCheckpoint({ ...r, staged: 0 }) })],
  ['stages pieces for any checkpoint', (s) => ({ stage: async (r) => (await s.stage(r), { type: 'written' }) })],
  [
    'says that every read comes to the end',
    (s) => ({
      readExchanges: async (r) => {
        const reply = await s.readExchanges(r)
        return reply.type === 'read' ? { ...reply, found: reply.found.map((f) => ({ ...f, atEnd: true })) } : reply
      },
    }),
  ],
  [
    'takes a repeat for a new record',
    (s) => ({ writeCheckpoint: async (r) => ({ ...(await s.writeCheckpoint(r)), type: 'written' as const }) }),
  ],
  ['registers a source once only', (s) => ({ knownPartitions: async () => undefined, register: (r) => s.register(r) })],
  ['opens nothing new', (s) => ({ open: async (r) => ({ ...(await s.open(r)), sources: [] }) })],
  ['retires nothing', () => ({ retire: async () => undefined })],
  ['leaves nobody out that leaves', () => ({ leave: async () => undefined })],
  ['asks nobody', () => ({ ask: async () => undefined })],
]

test.each(defects)('the suite notices a backplane that %s', async (_, defect) => {
  expect(await brokenRules(defect)).not.toEqual([])
})

/** Runs the suite and names the rules that are broken. */
async function brokenRules(defect: Defect): Promise<string[]> {
  const rules: [rule: string, run: () => Promise<void>][] = []
  const create = async (): Promise<ReturnType<typeof modelStore>> => modelStore(defect)
  clusterConformance({ test: (rule, run) => rules.push([rule, run]), expect, create })
  const broken: string[] = []
  for (const [rule, run] of rules) {
    // one is enough
    if (broken.length === 0 && !isLong(rule)) await run().catch(() => broken.push(rule))
  }
  return broken
}

const isLong = (rule: string): boolean => /more leases than|too long for|however much|more frames than/.test(rule)
