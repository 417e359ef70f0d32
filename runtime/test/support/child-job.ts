// A job in a process of its own, to be killed: node --conditions @millrace/source child-job.ts '<options as JSON>'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { count, from, type Partition, type Read, type Source, topology, tumbling } from '@millrace/core'
import { start, untilSignal } from '@millrace/runtime'
import { folderSink } from './folder-sink.ts'

/** Options of the process. */
export interface ChildOptions {
  readonly folder: string
  readonly records: number
  /** How many records are there before the file `rest` is in the folder. @default all */
  readonly first?: number
  readonly leaseMs?: number
  /** The process kills itself at this step of its sinks. */
  readonly dieAt?: number
}

/** A numbered record of one of two partitions. */
export interface Numbered {
  readonly key: string
  readonly n: number
  readonly at: number
}

const options = JSON.parse(process.argv[2] ?? '{}') as ChildOptions
const perRead = 500

/** Record `n` of a partition: the same in every life. */
const record = (partition: string, n: number): Numbered => ({ key: `${partition}${n % 10}`, n, at: 1_000 + n * 10 })

const available = (): number =>
  options.first === undefined || existsSync(join(options.folder, 'rest')) ? options.records : options.first

const numbers: Source<Numbered> = {
  kind: 'numbers',
  description: 'numbers()',
  async *partitions() {
    yield { partitions: [{ id: 'a' }, { id: 'b' }], final: true }
  },
  resolve: async () => '0',
  open: async ({ id }, position) => {
    let at = Number(position)
    const read = async (signal: AbortSignal): Promise<Read<Numbered>> => {
      const to = Math.min(at + perRead, available())
      if (at === to && at < options.records) await pause(signal)
      const values = Array.from({ length: to - at }, (_, i) => record(id, at + i))
      at = to
      if (values.length > 0) return recordsOf(id, values, to)
      return at === options.records ? { type: 'end' } : { type: 'idle', position: String(at) }
    }
    return { read, close: async () => undefined }
  },
  compare: (a, b) => Number(a) - Number(b),
}

const pause = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, 20)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })

const recordsOf = (partition: Partition['id'], values: readonly Numbered[], to: number): Read<Numbered> => ({
  type: 'records',
  values,
  arrival: Date.now(),
  position: String(to),
  positionOf: (row) => String(to - values.length + row),
  metaOf: () => ({ partition, arrival: Date.now() }),
})

let steps = 0
const step = (name: string): void => {
  process.stdout.write(`${name}\n`)
  if (++steps === options.dieAt) process.kill(process.pid, 'SIGKILL')
}

const job = topology('numbers')
  .sources(() => ({ numbers: from(numbers, { eventTime: 'at' }) }))
  .build(({ numbers: stream }) => ({
    raw: stream.map(({ key, n }) => `${key}#${n}`).to(folderSink(join(options.folder, 'raw'), step)),
    counts: stream
      .keyBy('key')
      .window(tumbling('1m'))
      .aggregate({ n: count() })
      .to(folderSink(join(options.folder, 'counts'), step)),
  }))

const { folder, leaseMs = 10_000 } = options
try {
  const running = start(job, { state: join(folder, 'state.db'), checkpointEvery: 5, leaseMs })
  const { ending } = await untilSignal(running, process)
  process.stdout.write(`ended ${ending}\n`)
} catch (error) {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN'
  process.stdout.write(`failed ${code} ${error instanceof Error ? error.message : ''}\n`)
  process.exitCode = 1
}
