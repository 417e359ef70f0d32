import {
  DeregisterStreamConsumerCommand,
  DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  type KinesisClient,
  RegisterStreamConsumerCommand,
} from '@aws-sdk/client-kinesis'
import { MillraceError } from '@millrace/core'
import { nameOf } from '../client/error-class.ts'
import type { StreamInstance } from './stream-instance.ts'
import { wait } from './wait.ts'

const askEveryMs = 1_000
const mostAsks = 120

/** ARN of a stream. */
async function arnOf(client: KinesisClient, { name, reference }: StreamInstance): Promise<string> {
  if (name.startsWith('arn:')) return name
  const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand(reference))
  return StreamDescriptionSummary?.StreamARN ?? ''
}

/**
 * ARN of a consumer of enhanced fan-out, registered if it is not, when it can be subscribed with. Several workers may do so at once.
 *
 * @throws MillraceError SOURCE when it does not become active within two minutes
 */
export async function activeConsumer(
  client: KinesisClient,
  stream: StreamInstance,
  consumer: string,
  signal: AbortSignal,
): Promise<string> {
  const reference = { StreamARN: await arnOf(client, stream), ConsumerName: consumer }
  for (let asks = 0; asks < mostAsks && !signal.aborted; asks++) {
    const found = await describe(client, reference)
    if (found?.ConsumerStatus === 'ACTIVE') return found.ConsumerARN ?? ''
    if (found === undefined) await register(client, reference)
    else await wait(askEveryMs, signal)
  }
  throw new MillraceError('SOURCE', `consumer ${consumer} of stream ${stream.name} does not become active`, {
    retryable: true,
  })
}

/** Removes a consumer, which costs as long as it is there. @returns whether there was one, and a stream to have it */
export async function removeConsumer(
  client: KinesisClient,
  stream: StreamInstance,
  consumer: string,
): Promise<boolean> {
  try {
    const reference = { StreamARN: await arnOf(client, stream), ConsumerName: consumer }
    await client.send(new DeregisterStreamConsumerCommand(reference))
    return true
  } catch (error) {
    if (nameOf(error) === 'ResourceNotFoundException') return false
    throw error
  }
}

interface ConsumerReference {
  readonly StreamARN: string
  readonly ConsumerName: string
}

async function describe(
  client: KinesisClient,
  reference: ConsumerReference,
): Promise<{ ConsumerStatus?: string | undefined; ConsumerARN?: string | undefined } | undefined> {
  try {
    return (await client.send(new DescribeStreamConsumerCommand(reference))).ConsumerDescription
  } catch (error) {
    if (nameOf(error) === 'ResourceNotFoundException') return undefined
    throw error
  }
}

async function register(client: KinesisClient, reference: ConsumerReference): Promise<void> {
  await client.send(new RegisterStreamConsumerCommand(reference)).catch((error: unknown) => {
    // somebody else was faster
    if (nameOf(error) !== 'ResourceInUseException') throw error
  })
}
