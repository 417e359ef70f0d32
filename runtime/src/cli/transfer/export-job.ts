import { badOption, type Checkpoint } from '@millrace/core'
import { exportVersion } from './export-format.ts'
import { ExportWriter } from './export-writer.ts'
import type { JobImage } from './job-image.ts'
import type { JobStore } from './job-store.ts'

/** What was exported or imported. */
export interface Transferred {
  readonly job: string
  readonly tasks: number
  readonly stateBytes: number
  /** That wait in exchanges. */
  readonly waitingBytes: number
}

/** Writes all of a job that rests into a file. Rejects with BAD_OPTION while somebody runs it. */
export async function exportJob(
  store: JobStore,
  path: string,
  now: number,
): Promise<Transferred & { readonly bytes: number }> {
  await refuseRunning(store, 'export')
  const image = await store.read()
  if (image === undefined) throw badOption(`--state: ${store.where} holds nothing to export`)
  const { tasks, ...head } = image
  const at = new Date(now).toISOString()
  await using writer = await ExportWriter.create(path, {
    format: 'millrace-export',
    version: exportVersion,
    at,
    ...head,
  })
  for (const task of tasks) await writer.write({ part: 'task', task })
  const stateBytes = await writeStates(store, image, writer)
  const waitingBytes = await writeFrames(store, image, writer)
  const after = await store.read()
  if (JSON.stringify(after) !== JSON.stringify(image))
    throw badOption('--state: the job was started meanwhile: stop it, and export again')
  return { job: image.job, tasks: tasks.length, stateBytes, waitingBytes, bytes: await writer.end() }
}

/** What moves while it is read does not fit together. */
export async function refuseRunning(store: JobStore, what: string): Promise<void> {
  const runners = await store.runners()
  if (runners.length === 0) return
  const names =
    runners.length > 5 ? `${runners.slice(0, 5).join(', ')} and ${runners.length - 5} more` : runners.join(', ')
  throw badOption(
    `${what}: ${names} ${runners.length === 1 ? 'runs' : 'run'} the job at ${store.where}: stop all workers first; one that was killed counts until its lease ends`,
  )
}

async function writeStates(store: JobStore, { tasks }: JobImage, writer: ExportWriter): Promise<number> {
  let written = 0
  for (const { task, record } of tasks) {
    const { state } = JSON.parse(record ?? '{"state":[]}') as Pick<Checkpoint, 'state'>
    for (const blob of state) {
      const bytes = await store.readState(task, blob)
      await writer.write({ part: 'state', task, blob, bytes })
      written += bytes.length
    }
  }
  return written
}

async function writeFrames(store: JobStore, image: JobImage, writer: ExportWriter): Promise<number> {
  let written = 0
  for await (const frame of store.frames(image)) {
    await writer.write({ part: 'frame', ...frame })
    written += frame.bytes.length
  }
  return written
}
