import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** A running stand-in in another process. */
export interface KinesisServer {
  readonly endpoint: string
  /** Lets it forget all that it holds, so that what was put before does not weigh on what is measured next. */
  forget(): Promise<void>
  stop(): void
}

/** Starts a stand-in that holds `records` of so many bytes. */
export async function startKinesisServer(shards: number, records: number, bytes: number): Promise<KinesisServer> {
  const args = [shards, records, bytes].map(String)
  const child = fork(join(import.meta.dirname, 'kinesis-server.ts'), args, { execArgv: process.execArgv })
  const [{ endpoint }] = (await once(child, 'message')) as [{ endpoint: string }]
  return {
    endpoint,
    forget: async () => {
      child.send('forget')
      await once(child, 'message')
    },
    stop: () => child.disconnect(),
  }
}
