import type { Json } from '../connector/sink.ts'
import type { StatefulOperator } from '../operators/stateful.ts'
import type { Network } from './network.ts'
import type { SourceProgress } from './watermark.ts'

/** Numbers as text: JSON has no infinities. */
type Stored = string

interface StoredSource {
  readonly name: string
  readonly watermark: Stored
  readonly partitions: readonly {
    readonly id: string
    readonly watermark: Stored
    readonly count: number
    readonly ended: boolean
  }[]
}

interface StoredState {
  readonly name: string
  readonly watermark: Stored
  /** Records emitted so far, and of those late. */
  readonly emitted: number
  readonly late: number
}

interface StoredMeta {
  readonly sources: readonly StoredSource[]
  readonly states: readonly StoredState[]
  readonly deadLetters: number
}

/** What a snapshot holds beside keyed state: watermarks and counters. */
export const writeMeta = ({ inputs, operators, letterStream }: Network): Json => ({
  sources: [...inputs.values()].map(({ progress }) => writeSource(progress)),
  states: operators.map((operator) => ({ ...writeState(operator) })),
  deadLetters: letterStream?.sequence ?? 0,
})

function writeSource(progress: SourceProgress): Json {
  const partitions = [...progress.partitions.values()].map(({ id, watermark, count, ended }) => ({
    id,
    watermark: String(watermark),
    count,
    ended,
  }))
  return { name: progress.name, watermark: String(progress.stored()), partitions }
}

const writeState = (operator: StatefulOperator): StoredState => ({
  name: operator.name,
  watermark: String(operator.storedWatermark()),
  emitted: operator.out.sequence,
  late: operator.late.sequence,
})

/** Takes watermarks and counters back, and ends the restoring of operators, whose entries must be back already. */
export function readMeta(network: Network, meta: Json, renamed: ReadonlyMap<string, string>): void {
  const { sources, states, deadLetters } = meta as unknown as StoredMeta
  if (network.letterStream) network.letterStream.sequence = deadLetters
  for (const source of sources) readSource(network.inputs.get(source.name)?.progress, source)
  for (const operator of network.operators) {
    const name = renamed.get(operator.name) ?? operator.name
    const stored = states.find((state) => state.name === name)
    if (stored) {
      operator.out.sequence = stored.emitted
      operator.late.sequence = stored.late
    }
    operator.restored(stored ? Number(stored.watermark) : -Infinity)
  }
}

function readSource(progress: SourceProgress | undefined, stored: StoredSource): void {
  if (progress === undefined) return
  progress.watermark = Number(stored.watermark)
  for (const { id, watermark, count, ended } of stored.partitions) {
    Object.assign(progress.add(id), { watermark: Number(watermark), count, ended })
  }
}
