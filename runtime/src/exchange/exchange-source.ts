import type { ExchangePartition, PartitionList, Source } from '@millrace/core'
import type { World } from '../world.ts'
import type { ExchangeHub } from './exchange-hub.ts'
import { ExchangeReader } from './exchange-reader.ts'

/** One partition of an exchange, as the source of the task behind it. Ends when all that send to it have ended. */
export const exchangeSource = (hub: ExchangeHub, at: ExchangePartition, world: World): Source<unknown> => ({
  kind: 'exchange',
  description: `exchange(${at.exchange}/${at.partition})`,
  async *partitions(): AsyncGenerator<PartitionList> {
    yield { partitions: [{ id: String(at.partition) }], final: true }
  },
  resolve: async () => '0',
  open: async (_, position, { clock }) => new ExchangeReader({ hub, at, position, clock, world }),
  compare: (a, b) => Number(a) - Number(b),
})
