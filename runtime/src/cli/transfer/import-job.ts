import { badOption } from '@millrace/core'
import type { ExportHead, ExportPart } from './export-format.ts'
import { ExportReader } from './export-reader.ts'
import { refuseRunning, type Transferred } from './export-job.ts'
import type { JobImage, WaitingFrame } from './job-image.ts'
import type { JobStore } from './job-store.ts'

/** Frames that are written together. */
const mostFrameBytes = 1024 * 1024

/**
 * Puts an export into a job, as a new run of it. Rejects with BAD_OPTION while somebody runs the job, and, unless forced, where
 * it has anything stored. Nothing is changed before the whole file was looked at.
 */
export async function importJob(
  store: JobStore,
  path: string,
  job: string | undefined,
  isForced: boolean,
): Promise<Transferred> {
  const { head, tasks } = await readThrough(path)
  checkFit(store, head, job)
  await refuseRunning(store, 'import')
  const before = await store.read()
  if (before !== undefined && before.tasks.length > 0 && !isForced)
    throw badOption(
      `--force: ${store.where} has ${before.tasks.length} tasks of job ${before.job}: give it to replace them`,
    )
  const image = { ...head, job: job ?? head.job, tasks }
  await store.begin(image.job)
  const stateBytes = await putStates(store, path)
  await store.restore(image)
  return { job: image.job, tasks: tasks.length, stateBytes, waitingBytes: await putFrames(store, path) }
}

interface Outline {
  readonly head: ExportHead
  readonly tasks: JobImage['tasks']
}

/** All of it once, so that a damaged file is found before anything is changed. */
async function readThrough(path: string): Promise<Outline> {
  await using reader = await ExportReader.open(path)
  const head = await reader.head()
  const tasks = []
  for await (const part of reader.parts()) if (part.part === 'task') tasks.push(part.task)
  return { head, tasks }
}

function checkFit({ kind, where }: JobStore, head: ExportHead, job: string | undefined): void {
  if (head.kind !== kind) {
    const source = head.kind === 'file' ? 'a state file' : 'workers that share a Redis'
    throw badOption(`--state: the export is of a job of ${source}, which ${where} cannot take up: its tasks are others`)
  }
  // its one task has the name of the job
  if (kind === 'file' && job !== undefined && job !== head.job)
    throw badOption(`--job: the export is of job '${head.job}', and keeps its name in a state file`)
}

async function putStates(store: JobStore, path: string): Promise<number> {
  let written = 0
  for await (const part of partsIn(path)) {
    if (part.part !== 'state') continue
    await store.writeState(part.task, part.blob, part.bytes)
    written += part.bytes.length
  }
  return written
}

async function putFrames(store: JobStore, path: string): Promise<number> {
  let [frames, size, written]: [WaitingFrame[], number, number] = [[], 0, 0]
  for await (const part of partsIn(path)) {
    if (part.part !== 'frame') continue
    const { exchange, partition, bytes } = part
    frames.push({ exchange, partition, bytes })
    size += bytes.length
    written += bytes.length
    if (size < mostFrameBytes) continue
    await store.writeFrames(frames)
    ;[frames, size] = [[], 0]
  }
  if (frames.length > 0) await store.writeFrames(frames)
  return written
}

async function* partsIn(path: string): AsyncGenerator<ExportPart> {
  await using reader = await ExportReader.open(path)
  await reader.head()
  yield* reader.parts()
}
