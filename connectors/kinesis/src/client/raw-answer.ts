import type { GetRecordsCommand, KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'

interface RawResponse {
  readonly statusCode: number
  body: AsyncIterable<Uint8Array> | Uint8Array
}

interface RawRequest {
  body: unknown
}

interface RawOptions {
  readonly body?: Uint8Array
  readonly signal?: AbortSignal
  /** @default that of the client */
  readonly timeoutMs?: number
}

const empty = new TextEncoder().encode('{}')

/**
 * Sends a command with the signature, the retries and the errors of the SDK, but gives the body of the answer as it came: the SDK's own way of
 * reading and writing records costs more than all else of them. `body`, if given, goes out in place of the SDK's.
 */
export async function rawAnswer(
  client: KinesisClient,
  command: GetRecordsCommand | PutRecordsCommand,
  { body, signal, timeoutMs }: RawOptions,
): Promise<Buffer> {
  let answer: Buffer | undefined
  // the stacks of all commands take the same middleware
  const { middlewareStack } = command as GetRecordsCommand
  if (body !== undefined)
    middlewareStack.add(
      (next) => (args) => {
        ;(args.request as RawRequest).body = body
        return next(args)
      },
      // after what writes the input, before what measures and signs it
      { name: 'writesRaw', step: 'serialize', priority: 'low' },
    )
  middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const response = result.response as RawResponse
      if (response.statusCode === 200) {
        answer = await bytesOf(response.body)
        response.body = empty
      }
      return result
    },
    // nearer to the wire than what reads answers
    { name: 'readsRaw', step: 'deserialize', priority: 'low' },
  )
  await client.send(command as GetRecordsCommand, {
    ...(signal && { abortSignal: signal }),
    ...(timeoutMs !== undefined && { requestTimeout: timeoutMs }),
  })
  if (answer === undefined) throw new Error('the service has answered nothing')
  return answer
}

async function bytesOf(body: RawResponse['body']): Promise<Buffer> {
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}
