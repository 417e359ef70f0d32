import type { KinesisClient } from '@aws-sdk/client-kinesis'
import type { KinesisClientOptions } from './client-options.ts'
import { createClient, createPushClient } from './create-client.ts'

/** Clients of one place, made when they are first needed. They live as long as who holds this. */
export class SharedClients {
  readonly #options: KinesisClientOptions
  #client: KinesisClient | undefined
  #push: KinesisClient | undefined

  constructor(options: KinesisClientOptions) {
    this.#options = options
  }

  get client(): KinesisClient {
    return (this.#client ??= createClient(this.#options))
  }

  get push(): KinesisClient {
    return (this.#push ??= createPushClient(this.#options))
  }

  close(): void {
    this.#client?.destroy()
    this.#push?.destroy()
    this.#client = this.#push = undefined
  }
}
