import { GetRecordsCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { type GetRecordsAnswer, type Memory, readGetRecords } from './get-records-answer.ts'

interface RawResponse {
  readonly statusCode: number
  body: AsyncIterable<Uint8Array> | Uint8Array
}

const empty = new TextEncoder().encode('{}')

/** GetRecords of the SDK, with its signature and errors, but an answer that is read by {@link readGetRecords}. */
export async function getRecords(
  client: KinesisClient,
  iterator: string,
  limit: number,
  memory: Memory,
  signal: AbortSignal,
): Promise<GetRecordsAnswer> {
  const command = new GetRecordsCommand({ ShardIterator: iterator, Limit: limit })
  let body: Buffer | undefined
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const response = result.response as RawResponse
      if (response.statusCode === 200) {
        body = await bytesOf(response.body)
        response.body = empty
      }
      return result
    },
    // nearer to the wire than what reads answers
    { name: 'readsGetRecords', step: 'deserialize', priority: 'low' },
  )
  await client.send(command, { abortSignal: signal })
  if (body === undefined) throw new Error('GetRecords has answered nothing')
  return readGetRecords(body, memory)
}

async function bytesOf(body: RawResponse['body']): Promise<Buffer> {
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}
