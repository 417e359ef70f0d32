import { type KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { rawAnswer } from '../client/raw-answer.ts'

/** What became of a record of PutRecords. */
export interface PutRecordsEntry {
  readonly SequenceNumber?: string
  readonly ShardId?: string
  readonly ErrorCode?: string
  readonly ErrorMessage?: string
}

/** A record to put. */
interface PutRecordsRecord {
  readonly partitionKey: string
  readonly explicitHashKey: string | undefined
  readonly data: Uint8Array
}

/** PutRecords of the SDK, but a body that is written here. */
export async function putRecords(
  client: KinesisClient,
  stream: { readonly StreamName: string } | { readonly StreamARN: string },
  records: readonly PutRecordsRecord[],
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

/** Of names, quotes and a hash key in the JSON of a record, at most. */
const frameBytes = 128
/** Text that is its own JSON, and its own bytes. */
const plain = /^[ !#-[\]-~]*$/

/** Each record is one text that is written as bytes: one text of them all would be copied once more. */
function bodyOf(stream: object, records: readonly PutRecordsRecord[]): Buffer {
  const head = `${JSON.stringify(stream).slice(0, -1)},"Records":[`
  let most = head.length * 3 + 2
  // a character is at most six bytes, as an escape; four of base64 are three of data
  for (const { data, partitionKey } of records)
    most += Math.ceil(data.length / 3) * 4 + partitionKey.length * 6 + frameBytes
  const body = Buffer.allocUnsafe(most)
  let at = body.write(head)
  let separator = ''
  for (const { partitionKey, explicitHashKey, data } of records) {
    const isPlain = plain.test(partitionKey)
    const key = isPlain ? `"${partitionKey}"` : JSON.stringify(partitionKey)
    const hashKey = explicitHashKey === undefined ? '' : `,"ExplicitHashKey":"${explicitHashKey}"`
    const text = `${separator}{"Data":"${base64Of(data)}","PartitionKey":${key}${hashKey}}`
    at += body.write(text, at, isPlain ? 'latin1' : 'utf8')
    separator = ','
  }
  at += body.write(']}', at, 'latin1')
  return body.subarray(0, at)
}

const base64Of = (data: Uint8Array): string =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')
