import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { Job } from '../../../start.ts'
import { systemIo } from '../../io.ts'
import { loadTopology } from '../../load-topology.ts'
import { runParams } from '../../params.ts'
import { quietWarnings } from '../../quiet-warnings.ts'
import { Redactor } from '../../redactor.ts'
import { onUncaught } from '../../uncaught.ts'
import { every } from '../every.ts'
import { startJob } from '../start-job.ts'
import { toPlain } from '../../../threads/plain-error.ts'
import { threadLogger } from '../../../threads/thread-logger.ts'
import { type FromThread, stopMessage, type ThreadRequest } from './thread-messages.ts'

const progressEveryMs = 500

/** Runs the job of a thread to its end, which the main thread is told. */
export async function runThread(): Promise<void> {
  if (parentPort === null) throw new Error('this is the main thread')
  const port = parentPort
  const post = (message: FromThread): void => port.postMessage(message)
  const failed = (error: unknown): number => {
    post({ type: 'failed', error: toPlain(error) })
    return 1
  }
  onUncaught(process, failed)
  try {
    await run(workerData as ThreadRequest, port, post)
  } catch (error) {
    failed(error)
  }
  port.close()
}

async function run(request: ThreadRequest, port: MessagePort, post: (message: FromThread) => void): Promise<void> {
  const { path, cwd, set, options, logLevel } = request
  const log = threadLogger(logLevel, post)
  quietWarnings(process, ({ name, message }) => log.warn({ warning: name }, message))
  const io = { ...systemIo(), cwd, redactor: new Redactor((secret) => post({ type: 'secret', secret })) }
  const stopping = new AbortController()
  // it may be asked to before there is a job
  port.on('message', (message) => {
    if (message === stopMessage) stopping.abort()
  })
  const topology = await loadTopology(path, cwd)
  const params = runParams(topology, set, io)
  const job = await startJob({ topology, params, options, cwd, log, signal: stopping.signal })
  await followed(job, post, io.world)
}

async function followed(
  job: Job,
  post: (message: FromThread) => void,
  world: Parameters<typeof every>[1],
): Promise<void> {
  const cancel = every(progressEveryMs, world, () => post({ type: 'progress', progress: job.progress() }))
  try {
    post({ type: 'ended', summary: await job.finished })
  } finally {
    cancel()
  }
}
