import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startKinesis } from '@millrace/kinesis/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LogShipper } from '../../src/logging/log-shipper.ts'
import { decodeAggregate } from '../../src/wire/aggregate.ts'

const runs = 5 * Number(process.env['RUNS'] ?? 1)

const kinds = fc.constantFrom(
  { type: 'cut' } as const,
  { type: 'lost reply' } as const,
  { type: 'error', code: 'InternalFailure' } as const,
  { type: 'partial', code: 'ProvisionedThroughputExceededException', of: 0.5 } as const,
  { type: 'slow', ms: 150 } as const,
)

/** What happens while lines are logged: the stream changes, the process ends and begins again. */
const steps = fc.array(
  fc.record({
    stream: fc.option(fc.record({ kind: kinds, probability: fc.double({ min: 0.3, max: 1, noNaN: true }) })),
    lines: fc.nat(60),
    pauseMs: fc.nat(60),
    ends: fc.constantFrom(true, false, false, false, false, false),
  }),
  { minLength: 20, maxLength: 40 },
)

const shippers = fc.record({
  aggregate: fc.boolean(),
  recordTtl: fc.constantFrom('120ms' as const, '400ms' as const),
  maxBufferedBytes: fc.constantFrom(3_000, 100_000),
  whenFull: fc.constantFrom('block' as const, 'drop' as const),
})

test('whatever the stream does, and whenever the process ends, lines of a key keep their order, and none is lost', async () => {
  await fc.assert(
    fc.asyncProperty(steps, shippers, fc.boolean(), async (moves, given, limits) => {
      await using server = await startKinesis({ limits })
      server.create('logs', 2)
      const spool = { folder: mkdtempSync(join(tmpdir(), 'millrace-spool-')) }
      const ordered = { stream: 'logs', linger: '2ms', partitionKey: 'k', order: 'key', spool } as const
      const begin = (): LogShipper =>
        new LogShipper({ ...ordered, closeWithin: '300ms', ...given, ...server.clientOptions })
      let shipper = begin()
      let n = 0
      for (const { stream, lines, pauseMs, ends } of moves) {
        server.faults.clear()
        if (stream !== null) server.faults.inject({ operation: 'PutRecords', ...stream })
        for (let i = 0; i < lines; i++) await shipper.ship(`${n++}`)
        await pause(pauseMs)
        if (!ends) continue
        await shipper.close()
        expect(shipper.stats().dropped).toBe(0)
        shipper = begin()
      }
      await shipper.close()
      server.faults.clear()
      const last = new LogShipper({ ...ordered, closeWithin: '1m', ...server.clientOptions })
      await last.close()
      expect([shipper.stats().dropped, last.stats().dropped]).toEqual([0, 0])
      const logs = server.stream('logs')
      const records = logs.shards.flatMap((shard) => logs.records(shard))
      const members = records.flatMap(({ data }): { data: Uint8Array }[] => decodeAggregate(data) ?? [{ data }])
      // what was put, and whose answer was lost, is put again; what it is put behind has been there, too
      const first = new Set(members.map(({ data }) => Number(Buffer.from(data).toString())))
      expect([...first]).toEqual(Array.from({ length: n }, (_, i) => i))
    }),
    { numRuns: runs, endOnFailure: true },
  )
}, 120_000)
