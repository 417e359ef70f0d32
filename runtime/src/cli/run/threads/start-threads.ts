import { hostname } from 'node:os'
import type { Logger } from '../../../logger.ts'
import type { Job } from '../../../start.ts'
import type { Io } from '../../io.ts'
import { jointJob } from './joint-job.ts'
import { ThreadJob } from './thread-job.ts'
import type { ThreadRequest } from './thread-messages.ts'

/** Starts as many workers of a job as are asked for, each in a thread of its own, named after this process. */
export function startThreads(job: string, workers: number, request: ThreadRequest, io: Io, log: Logger): Job {
  const { worker = `${hostname()}-${process.pid}` } = request.options.cluster
  const startOne = (number: number): Job => {
    const name = `${worker}/${number}`
    const cluster = { ...request.options.cluster, worker: name }
    return new ThreadJob(job, { ...request, options: { ...request.options, cluster } }, io, log.child({ worker: name }))
  }
  return jointJob([startOne(1), ...Array.from({ length: workers - 1 }, (_, i) => startOne(i + 2))])
}
