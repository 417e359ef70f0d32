import { startRedis } from '@millrace/testkit'
import { afterAll, beforeAll } from 'vitest'
import { fixture } from './fixture.ts'
import { folder } from './folder.ts'
import { inProcess, type Said } from './in-process.ts'
import { type Ended, type Started, startMillrace } from './millrace.ts'

/** What `millrace status --json` says, as far as tests look at it. */
export interface Status {
  readonly run: string
  readonly finished: boolean
  readonly totals: { readonly tasks: number; readonly owned: number; readonly workers: number }
  readonly problems: readonly { readonly kind: string; readonly task?: string; readonly text: string }[]
  readonly workers: readonly { readonly worker: string; readonly tasks: number; readonly isDraining: boolean }[]
  readonly tasks: readonly { readonly task: string; readonly owner: string | null }[]
}

/** A job of its own on a Redis, and commands about it. */
interface RedisJob {
  readonly url: string
  readonly cwd: string
  /** Starts a worker, or several, in a process. */
  readonly run: (...args: string[]) => Started
  /** A command that needs no process: its words. */
  readonly about: (command: string) => Promise<Said>
  readonly status: () => Promise<Status>
}

/** Jobs on a Redis of our own, for the tests of a file: each call gives one in a database where nothing is yet. */
export function redisJobs(): {
  readonly place: (name: Parameters<typeof fixture>[0]) => RedisJob
  readonly database: () => string
} {
  let redis: Awaited<ReturnType<typeof startRedis>> | undefined
  let used = 0
  beforeAll(async () => {
    redis = await startRedis({ args: ['--databases', '100'] })
  })
  afterAll(() => redis?.stop())
  const database = (): string => `${redis?.url}/${++used}`
  return { database, place: (name) => jobAt(name, database(), folder()) }
}

function jobAt(name: Parameters<typeof fixture>[0], url: string, cwd: string): RedisJob {
  const about = (command: string): Promise<Said> =>
    inProcess([...command.split(' '), '--state', url, '--job', name], cwd)
  return {
    url,
    cwd,
    about,
    run: (...args) => startMillrace(['run', fixture(name), '--state', url, ...args], { cwd }),
    status: async () => JSON.parse((await about('status --json')).stdout) as Status,
  }
}

/** What a job has written to stdout, in no order. */
export const lines = ({ stdout }: Ended): string[] => stdout.trim().split('\n').filter(Boolean).toSorted()
