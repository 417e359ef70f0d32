import { GetRecordsCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { rawAnswer } from '../client/raw-answer.ts'
import { type GetRecordsAnswer, type Memory, readGetRecords } from './get-records-answer.ts'

/** GetRecords of the SDK, but an answer that is read by {@link readGetRecords}. */
export async function getRecords(
  client: KinesisClient,
  iterator: string,
  limit: number,
  memory: Memory,
  signal: AbortSignal,
): Promise<GetRecordsAnswer> {
  const command = new GetRecordsCommand({ ShardIterator: iterator, Limit: limit })
  return readGetRecords(await rawAnswer(client, command, { signal }), memory)
}
