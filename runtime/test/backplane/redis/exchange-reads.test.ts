import { expect, test } from 'vitest'
import { ExchangeReads } from '../../../src/backplane/redis/exchange-reads.ts'
import type { ReadReply, ReadRequest } from '../../../src/backplane/redis/scripts.ts'
import { ManualWorld } from '../../support/manual-world.ts'

const cursorOf = (partition: number) => ({ exchange: 'counts', partition, after: '5' })

const beyond = (isAdopted: boolean, run = 'r.1'): ReadReply => ({
  type: 'beyond',
  cursor: cursorOf(0),
  end: '3',
  run,
  isAdopted,
})

const reading = (reply: () => ReadReply) => {
  const world = new ManualWorld()
  return { world, reads: new ExchangeReads({ readExchanges: async () => reply() }, world, 'redis://a:1') }
}

test('another cursor comes first each time, and answers are in the order of the question', async () => {
  const firsts: number[] = []
  const readExchanges = async ({ cursors }: ReadRequest): Promise<ReadReply> => {
    firsts.push(cursors[0]?.partition ?? -1)
    const found = cursors.map(({ partition }) => ({ entries: [], atEnd: true, watermark: partition }))
    return { type: 'read', found }
  }
  const reads = new ExchangeReads({ readExchanges }, new ManualWorld(), 'redis://a:1')
  for (let times = 0; times < 4; times++) {
    const answers = await reads.read([0, 1, 2].map(cursorOf), 10)
    expect(answers.map(({ watermark }) => watermark)).toEqual([0, 1, 2])
  }
  expect(firsts).toEqual([0, 1, 2, 0])
})

test('no cursors need no question', async () => {
  const { reads } = reading(() => {
    throw new Error('asked')
  })
  expect(await reads.read([], 10)).toEqual([])
})

test('a reader that stays past the end is an error that stays', async () => {
  const { reads, world } = reading(() => beyond(true))
  reads.sawRun('r.1')
  await expect(reads.read([cursorOf(0)], 10)).rejects.toMatchObject({ code: 'BACKPLANE', retryable: true })
  await world.advance(60_000)
  await expect(reads.read([cursorOf(0)], 10)).rejects.toMatchObject({ code: 'ROLLED_BACK', retryable: false })
  reads.sawRun('r.1')
  await expect(reads.read([cursorOf(0)], 10)).rejects.toMatchObject({ code: 'ROLLED_BACK' })
})

test('a reader that was let go on and has found its place is let go on again', async () => {
  const found: ReadReply = { type: 'read', found: [{ entries: [], atEnd: true, watermark: undefined }] }
  const replies = [beyond(true), found, beyond(true)]
  const { reads, world } = reading(() => replies.shift() ?? found)
  await expect(reads.read([cursorOf(0)], 10)).rejects.toMatchObject({ retryable: true })
  await world.advance(60_000)
  await reads.read([cursorOf(0)], 10)
  await expect(reads.read([cursorOf(0)], 10)).rejects.toMatchObject({ retryable: true })
})

test('a reader past the end of another server is to begin again: its lease is void', async () => {
  const { reads } = reading(() => beyond(false))
  await expect(reads.read([cursorOf(0)], 10)).rejects.toMatchObject({ code: 'BACKPLANE', retryable: true })
})

test('a reader of before is let go on for a while after leases were voided', async () => {
  const { reads, world } = reading(() => beyond(true, 'r.2'))
  reads.sawRun('r.1')
  await expect(reads.read([cursorOf(0)], 10)).rejects.toMatchObject({ code: 'BACKPLANE', retryable: true })
  reads.sawRun('r.2')
  await expect(reads.read([cursorOf(0)], 10)).rejects.toMatchObject({ code: 'BACKPLANE', retryable: true })
  await world.advance(60_000)
  await expect(reads.read([cursorOf(0)], 10)).rejects.toMatchObject({ code: 'ROLLED_BACK' })
})
