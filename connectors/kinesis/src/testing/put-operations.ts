import { largestHashKey } from '../wire/hash-key.ts'
import type { OperationContext } from './operation-context.ts'
import { badArgument, invalid, ServiceError } from './service-error.ts'
import type { PutEntry } from './stored-stream.ts'
import type { StreamReference } from './stored-streams.ts'

const mostBytes = 10 * 1024 * 1024
const mostEntries = 500

/** An entry, as it is asked for. */
interface PutEntryInput {
  readonly Data?: string
  readonly PartitionKey?: string
  readonly ExplicitHashKey?: string
}

/** What PutRecord is asked. */
export type PutRecordInput = StreamReference & PutEntryInput & { readonly SequenceNumberForOrdering?: string }

/** What PutRecords is asked. */
export type PutRecordsInput = StreamReference & { readonly Records?: readonly PutEntryInput[] }

/** Puts one record. */
export function putRecord(input: PutRecordInput, { streams }: OperationContext): string {
  const stream = streams.usable(input)
  streams.checkRoom()
  const { shardId, sequenceNumber } = stream.put(entryOf(input))
  return `{"ShardId":"${shardId}","SequenceNumber":"${sequenceNumber}","EncryptionType":"${stream.encryption.type}"}`
}

/** Puts many; each is taken or refused by itself. */
export function putRecords(input: PutRecordsInput, { streams, refuses }: OperationContext): string {
  const { Records = [] } = input
  if (Records.length < 1 || Records.length > mostEntries)
    throw invalid(`Value at 'records' failed to satisfy constraint: Member must have length 1 to ${mostEntries}`)
  const stream = streams.usable(input)
  streams.checkRoom()
  const entries = Records.map(entryOf)
  const bytes = entries.reduce(
    (sum, { partitionKey, data }) => sum + (data.length * 3) / 4 + Buffer.byteLength(partitionKey),
    0,
  )
  if (bytes > mostBytes + 2 * entries.length)
    throw invalid(`Records of ${Math.round(bytes)} bytes are more than ${mostBytes}`)
  let failed = 0
  const answers = entries.map((entry) => {
    const refused = refuses()
    try {
      if (refused !== undefined) throw new ServiceError(refused, 'refused by a fault')
      const { shardId, sequenceNumber } = stream.put(entry)
      return `{"SequenceNumber":"${sequenceNumber}","ShardId":"${shardId}"}`
    } catch (error) {
      const { code, message } = error as ServiceError
      if (code === 'InvalidArgumentException') throw error
      failed++
      return JSON.stringify({ ErrorCode: code, ErrorMessage: message })
    }
  })
  return `{"FailedRecordCount":${failed},"Records":[${answers.join(',')}],"EncryptionType":"${stream.encryption.type}"}`
}

/** In characters, as the service counts them. */
const isLongerThan = (text: string, most: number): boolean => text.length > most && Array.from(text).length > most

function entryOf({ PartitionKey, Data, ExplicitHashKey }: PutEntryInput): PutEntry {
  if (PartitionKey === undefined || PartitionKey === '' || isLongerThan(PartitionKey, 256))
    throw invalid(`Value '${PartitionKey}' at 'partitionKey' must have 1 to 256 characters`)
  if (Data === undefined) throw invalid("Value null at 'data' failed to satisfy constraint: Member must not be null")
  if (ExplicitHashKey !== undefined && !/^(0|[1-9]\d{0,38})$/.test(ExplicitHashKey))
    throw invalid(`Value '${ExplicitHashKey}' at 'explicitHashKey' failed to satisfy constraint: 0|([1-9]\\d{0,38})`)
  if (ExplicitHashKey !== undefined && BigInt(ExplicitHashKey) > largestHashKey)
    throw badArgument(`ExplicitHashKey ${ExplicitHashKey} is larger than ${largestHashKey}`)
  return { partitionKey: PartitionKey, explicitHashKey: ExplicitHashKey, data: Data }
}
