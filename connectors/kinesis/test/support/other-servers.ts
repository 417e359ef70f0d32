import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer, type AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** A server of somebody else that speaks the protocol of Kinesis. */
export interface OtherServer {
  readonly endpoint: string
  stop(): Promise<void>
}

const require = createRequire(import.meta.url)
const patienceMs = 30_000

export async function startKinesalite(): Promise<OtherServer> {
  const child = fork(join(import.meta.dirname, 'kinesalite.cjs'), {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return { endpoint: `http://127.0.0.1:${port}`, stop: () => end(child) }
}

export async function startKinesisLocal(): Promise<OtherServer> {
  const folder = dirname(require.resolve('kinesis-local/main.js'))
  const [plain, secure] = [await freePort(), await freePort()]
  const child = spawn(process.execPath, ['-r', join(import.meta.dirname, 'loopback.cjs'), join(folder, 'main.js')], {
    stdio: 'ignore',
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      KINESIS_MOCK_CERT_PATH: join(folder, 'server.json'),
      KINESIS_MOCK_PLAIN_PORT: String(plain),
      KINESIS_MOCK_TLS_PORT: String(secure),
      CREATE_STREAM_DURATION: '150ms',
      DELETE_STREAM_DURATION: '10ms',
      SPLIT_SHARD_DURATION: '150ms',
      MERGE_SHARDS_DURATION: '150ms',
      UPDATE_SHARD_COUNT_DURATION: '150ms',
      REGISTER_STREAM_CONSUMER_DURATION: '10ms',
      LOG_LEVEL: 'ERROR',
    },
  })
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  const endpoint = `http://127.0.0.1:${plain}`
  const until = performance.now() + patienceMs
  while (!(await answers(endpoint))) {
    if (child.exitCode !== null || performance.now() > until) throw new Error('kinesis-local does not start')
    await pause(50)
  }
  return {
    endpoint,
    stop: async () => {
      process.off('exit', kill)
      await end(child)
    },
  }
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    await fetch(endpoint)
    return true
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

async function end(child: ChildProcess): Promise<void> {
  const ended = child.exitCode === null ? once(child, 'exit') : undefined
  child.kill('SIGKILL')
  await ended
}
