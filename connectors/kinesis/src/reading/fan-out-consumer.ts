import {
  DeregisterStreamConsumerCommand,
  DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  type KinesisClient,
  RegisterStreamConsumerCommand,
} from '@aws-sdk/client-kinesis'
import { MillraceError } from '@millrace/core'
import { kinesisError, nameOf } from '../client/error-class.ts'
import type { StreamInstance } from './stream-instance.ts'
import { wait } from './wait.ts'

/** Somebody has deregistered the consumer that a reader has subscribed with. */
export class ConsumerGoneError extends Error {
  override readonly name = 'ConsumerGoneError'

  constructor(arn: string) {
    super(`${arn} was deregistered, by hand or by a release of another job of that name, and is registered again`)
  }
}

const askEveryMs = 1_000
const mostAsks = 120

/** The registration of a job with a stream, which subscriptions are made for. All readers of a process share one. */
export class FanOutConsumer {
  readonly #client: KinesisClient
  readonly #stream: StreamInstance
  readonly #name: string
  #arn: Promise<string> | undefined

  constructor(client: KinesisClient, stream: StreamInstance, name: string) {
    this.#client = client
    this.#stream = stream
    this.#name = name
  }

  /**
   * When it can be subscribed with; it is registered, if it is not. Several workers may do so at once.
   *
   * @throws MillraceError SOURCE when it does not become active within two minutes
   */
  async arn(signal: AbortSignal): Promise<string> {
    const arn = (this.#arn ??= this.#active(signal))
    try {
      return await arn
    } catch (error) {
      this.#forget(arn)
      if (error instanceof MillraceError) throw error
      throw kinesisError('SOURCE', error, { operation: 'RegisterStreamConsumer', stream: this.#stream.name })
    }
  }

  /** Whether somebody has deregistered the one of that ARN. Then {@link FanOutConsumer.arn} registers another. */
  async isGone(arn: string): Promise<boolean> {
    const known = this.#arn
    if (known === undefined || (await known.catch(() => undefined)) !== arn) return true
    const found = await this.#describe(await this.#reference())
    // one that is being deregistered is described for a while
    if (found?.ConsumerARN === arn && found.ConsumerStatus === 'ACTIVE') return false
    this.#forget(known)
    return true
  }

  /** Deregisters it: it costs as long as it is there. @returns whether there was one, and a stream to have it */
  async remove(): Promise<boolean> {
    try {
      await this.#client.send(new DeregisterStreamConsumerCommand(await this.#reference()))
      return true
    } catch (error) {
      if (nameOf(error) === 'ResourceNotFoundException') return false
      throw kinesisError('SOURCE', error, { operation: 'DeregisterStreamConsumer', stream: this.#stream.name })
    }
  }

  #forget(arn: Promise<string>): void {
    if (this.#arn === arn) this.#arn = undefined
  }

  async #active(signal: AbortSignal): Promise<string> {
    const reference = await this.#reference()
    for (let asks = 0; asks < mostAsks && !signal.aborted; asks++) {
      const found = await this.#describe(reference)
      if (found?.ConsumerStatus === 'ACTIVE') return found.ConsumerARN ?? ''
      if (found === undefined) await this.#register(reference)
      else await wait(askEveryMs, signal)
    }
    const message = `consumer ${this.#name} of stream ${this.#stream.name} does not become active`
    throw new MillraceError('SOURCE', message, { retryable: true })
  }

  async #reference(): Promise<ConsumerReference> {
    const { name, reference } = this.#stream
    if (name.startsWith('arn:')) return { StreamARN: name, ConsumerName: this.#name }
    const { StreamDescriptionSummary } = await this.#client.send(new DescribeStreamSummaryCommand(reference))
    return { StreamARN: StreamDescriptionSummary?.StreamARN ?? '', ConsumerName: this.#name }
  }

  async #describe(
    reference: ConsumerReference,
  ): Promise<{ ConsumerStatus?: string | undefined; ConsumerARN?: string | undefined } | undefined> {
    try {
      return (await this.#client.send(new DescribeStreamConsumerCommand(reference))).ConsumerDescription
    } catch (error) {
      if (nameOf(error) === 'ResourceNotFoundException') return undefined
      throw error
    }
  }

  async #register(reference: ConsumerReference): Promise<void> {
    await this.#client.send(new RegisterStreamConsumerCommand(reference)).catch((error: unknown) => {
      // somebody else was faster
      if (nameOf(error) !== 'ResourceInUseException') throw error
    })
  }
}

interface ConsumerReference {
  readonly StreamARN: string
  readonly ConsumerName: string
}
