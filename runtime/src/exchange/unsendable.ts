import type { DeadLetter, ExchangeRows } from '@millrace/core'
import { jsonBytes } from '@millrace/core/engine'
import { messageOf } from '../worker/retry.ts'

/** Like what `process` refuses to keep: a record with a function in it, or an instance of a class. */
export function unsendable(exchange: string, rows: ExchangeRows, row: number, error: unknown): DeadLetter {
  const [time, place] = [rows.times[row] ?? NaN, rows.places[row] ?? '']
  return {
    source: exchange,
    node: exchange,
    partition: place,
    position: String(rows.sequences[row]),
    code: 'USER_CODE',
    message: `the record cannot be sent to ${exchange}: ${messageOf(error)}`,
    time,
    bytes: jsonBytes(rows.values[row]),
  }
}
