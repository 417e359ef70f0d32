import { type KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { rawAnswer } from '../client/raw-answer.ts'
import type { Carrier } from './carrier.ts'

/** What became of a record of PutRecords. */
export interface PutRecordsEntry {
  readonly SequenceNumber?: string
  readonly ShardId?: string
  readonly ErrorCode?: string
  readonly ErrorMessage?: string
}

/** A record to put. */
type PutRecord = Pick<Carrier, 'slab' | 'start' | 'end' | 'key'>

/** PutRecords of the SDK, but a body that is written here. */
export async function putRecords(
  client: KinesisClient,
  stream: { readonly StreamName: string } | { readonly StreamARN: string },
  records: readonly PutRecord[],
): Promise<readonly PutRecordsEntry[]> {
  const command = new PutRecordsCommand({ ...stream, Records: [] })
  const body = bodyOf(stream, records)
  const answer = await rawAnswer(client, command, { body, timeoutMs: timeoutMs + body.length / leastBytesPerMs })
  const { Records = [] } = JSON.parse(answer.toString()) as { readonly Records?: readonly PutRecordsEntry[] }
  if (Records.length !== records.length)
    throw new Error(`PutRecords of ${records.length} has answered ${Records.length}`)
  return Records
}

/** As the Kinesis Producer Library waits for an answer; and for the body, over a line that is slow but moves. */
const timeoutMs = 6_000
const leastBytesPerMs = 64

/** Of names and quotes in the JSON of a record, but those of its key, at most. */
const frameBytes = 16

/** Each record is one text that is written as bytes: one text of them all would be copied once more. */
function bodyOf(stream: object, records: readonly PutRecord[]): Buffer {
  const head = `${JSON.stringify(stream).slice(0, -1)},"Records":[`
  let most = head.length * 3 + 2
  // a character is at most three bytes, four of base64 are three of data
  for (const { start, end, key } of records) most += Math.ceil((end - start) / 3) * 4 + key.json.length * 3 + frameBytes
  const body = Buffer.allocUnsafe(most)
  let at = body.write(head)
  let separator = ''
  for (const { slab, start, end, key } of records) {
    const text = `${separator}{"Data":"${slab.toString('base64', start, end)}",${key.json}}`
    at += body.write(text, at, key.isAscii ? 'latin1' : 'utf8')
    separator = ','
  }
  at += body.write(']}', at, 'latin1')
  return body.subarray(0, at)
}
