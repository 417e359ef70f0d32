import { readFileSync } from 'node:fs'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { type Graph, MillraceError, resolveParams, type Topology } from '@millrace/core'
import { systemWorld } from '../world.ts'
import { toPlain } from './plain-error.ts'
import type { FromStageThread, Made, ReadRequest, StageThreadData, ToStageThread } from './stage-messages.ts'
import { StageRunner } from './stage-runner.ts'
import { threadLogger } from './thread-logger.ts'
import { topologyMark } from './threaded-sources.ts'

// What a thread runs; see `StageThread`.
if (parentPort !== null) await runStages(workerData as StageThreadData, parentPort)

async function runStages(data: StageThreadData, port: MessagePort): Promise<void> {
  const post = (message: FromStageThread): void => port.postMessage(message)
  try {
    const graph = await loadGraph(data)
    const runner = new StageRunner({
      graph,
      sendEveryMs: data.sendEveryMs,
      world: systemWorld,
      log: threadLogger('debug', post),
      send: (made) => port.postMessage({ type: 'made', ...made } satisfies FromStageThread, memoryOf(made)),
      failing: (number) => post({ type: 'failing', number }),
      unreadable: (error) => post({ type: 'unreadable', error: toPlain(error) }),
    })
    listen(port, runner, post)
    post({ type: 'ready', topology: topologyMark(graph) })
    await runner.run()
  } catch (error) {
    post({ type: 'failed', error: toPlain(error) })
  }
}

function listen(port: MessagePort, runner: StageRunner, post: (message: FromStageThread) => void): void {
  /** What it throws must not overtake what was posted before: errors of a thread do. */
  const read = (request: ReadRequest): void => {
    try {
      runner.read(request)
    } catch (error) {
      post({ type: 'failed', error: toPlain(error) })
    }
  }
  port.on('message', (message: ToStageThread) => {
    if (message.type === 'read') read(message)
    else if (message.type === 'absorbed') runner.absorbed()
    else void runner.stop().finally(() => post({ type: 'stopped' }))
  })
}

async function loadGraph({ module, set, env = process.env }: StageThreadData): Promise<Graph> {
  const loaded = (await import(module)) as { readonly default?: Topology<unknown, unknown, unknown> }
  const found = loaded.default
  if (typeof found?.graph !== 'function')
    throw new MillraceError('BAD_OPTION', `threads.module: ${module} has no topology as its default export`)
  return found.graph(resolveParams(found.params, { set, env, readFile: (path) => readFileSync(path, 'utf8') }))
}

/** It is handed over, not copied. */
function memoryOf({ partials, frames }: Made): ArrayBuffer[] {
  return [...new Set([...partials, ...frames].map(([, bytes]) => bytes.buffer as ArrayBuffer))]
}
