import type { ClusterStatus } from '@millrace/core'
import { lagOf } from './task-line.ts'

/** An exchange, its partitions taken together. */
export interface ExchangeLine {
  readonly exchange: string
  readonly partitions: number
  /** That wait in all of them. */
  readonly bytes: number
  /** The one in which most waits. */
  readonly fullest: { readonly partition: number; readonly bytes: number }
  /** Undefined while all that send to it are idle. */
  readonly watermark: number | undefined
  readonly lagMs: number | undefined
}

/** One line an exchange. */
export const exchangeLines = ({ exchanges, now }: ClusterStatus): ExchangeLine[] =>
  exchanges.map(({ exchange, depths, watermark }) => {
    const most = Math.max(0, ...depths)
    return {
      exchange,
      partitions: depths.length,
      bytes: depths.reduce((sum, bytes) => sum + bytes, 0),
      fullest: { partition: Math.max(0, depths.indexOf(most)), bytes: most },
      watermark,
      lagMs: lagOf(watermark, now),
    }
  })
