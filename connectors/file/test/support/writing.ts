import type { Handle, Json, Prepared, Sink, SinkContext, SinkWriter } from '@millrace/core'
import { onTestFinished } from 'vitest'

/** What the framework gives to a sink, and a hand on the clock. */
export interface Owner {
  readonly epoch?: number
  readonly state?: Json
  readonly now?: () => number
  readonly nonce?: string
  readonly task?: string
  /** What takes records that cannot be written. @default throws their error */
  readonly refuse?: SinkContext['refuse']
}

const rethrow: SinkContext['refuse'] = ({ error }) => {
  throw error
}

/** Opens a writer as the owner of a task does. */
export async function openWriter<T>(
  sink: Sink<T>,
  { epoch = 1, state, now = () => 0, nonce = 'n', task = 'in/0', refuse = rethrow }: Owner = {},
): Promise<SinkWriter<T>> {
  const tenure = { run: 'run', epoch, nonce }
  const signal = new AbortController().signal
  const writer = await sink.open({ job: 'job', sink: 'out', task, tenure, clock: { now }, signal, refuse, state })
  onTestFinished(() => writer.close())
  return writer
}

/** Writes records whose event times are all `time`. */
export async function write<T>(writer: SinkWriter<T>, values: readonly T[], time = 0): Promise<void> {
  await writer.write({ length: values.length, values, times: new Float64Array(values.length).fill(time) })
}

/** What the next owner does first: opens, commits what the record holds, and aborts what it does not. */
export async function takeOver<T>(sink: Sink<T>, { handles, state }: Prepared, owner: Owner): Promise<SinkWriter<T>> {
  const writer = await openWriter(sink, { ...owner, ...(state !== undefined && { state }) })
  await writer.commit(handles)
  await writer.abort({ before: owner.epoch ?? 1, except: handles })
  return writer
}

/** Takes a checkpoint that is accepted. */
export async function checkpoint<T>(writer: SinkWriter<T>, seq: number, last = false): Promise<readonly Handle[]> {
  const { handles } = await writer.prepare(seq, { last })
  await writer.commit(handles)
  return handles
}
