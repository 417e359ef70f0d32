import { rowsOf } from './rows-of.ts'
import type { Backplane, DeadLetter, Records, RefusedRow, StoredDeadLetter } from '@millrace/core'
import type { Engine } from '@millrace/core/engine'
import type { Logger } from '../logger.ts'

const pageSize = 500

/** Letters of one source, as a read of a partition of their own. */
export interface RedrivePartition {
  readonly source: string
  readonly id: string
  readonly records: Records<unknown>
}

/** Stored dead letters that somebody asked to have read again. */
export class Redrive {
  readonly #backplane: Backplane
  readonly #log: Logger
  readonly #wake: () => void
  #letters: readonly StoredDeadLetter[] = []
  #inFlight = false

  constructor(backplane: Backplane, log: Logger, wake: () => void) {
    this.#backplane = backplane
    this.#log = log
    this.#wake = wake
  }

  /**
   * Looks for letters, unless some found before are not yet in a checkpoint. What fails here is tried again with the
   * next heartbeat.
   *
   * @returns whether letters wait to be fed
   */
  async look(): Promise<boolean> {
    try {
      if (!this.#inFlight && !this.isWaiting) this.#found(await this.#ask())
    } catch (error) {
      this.#log.warn({ err: error }, 'looking for dead letters to read again failed')
    }
    return this.isWaiting
  }

  #ask(): Promise<readonly StoredDeadLetter[]> {
    return this.#backplane.deadLetters({ state: 'redrive', limit: pageSize })
  }

  /** Another look may have been quicker. */
  #found(letters: readonly StoredDeadLetter[]): void {
    if (this.#inFlight || this.isWaiting || letters.length === 0) return
    this.#letters = letters
    this.#wake()
  }

  get isWaiting(): boolean {
    return this.#letters.length > 0
  }

  /** Letters to be fed now, and named by the next checkpoint. */
  take(): readonly StoredDeadLetter[] {
    const letters = this.#letters
    this.#letters = []
    this.#inFlight = true
    return letters
  }

  /** A checkpoint names those taken. */
  stored(): void {
    if (!this.#inFlight) return
    this.#inFlight = false
    void this.look()
  }
}

/** Letters as partitions, one a source; and those, as new letters, whose source the topology does not have. */
export function redrivePartitions(
  letters: readonly StoredDeadLetter[],
  sources: readonly { readonly name: string; readonly hasCodec: boolean }[],
): { readonly partitions: readonly RedrivePartition[]; readonly homeless: readonly DeadLetter[] } {
  const partitions = sources.flatMap(({ name, hasCodec }): RedrivePartition[] => {
    const own = letters.filter(({ source }) => source === name)
    if (own.length === 0) return []
    return [{ source: name, id: `redrive:${own[0]?.id}-${own.at(-1)?.id}`, records: letterRecords(own, hasCodec) }]
  })
  const homeless = letters.filter(({ source }) => !sources.some(({ name }) => name === source))
  return { partitions, homeless: homeless.map(asNew) }
}

/** Feeds letters to the engine as a partition that has ended after them. */
export async function feed(
  engine: Engine,
  { source, id, records }: RedrivePartition,
  afterBatch: () => Promise<void>,
): Promise<void> {
  const partition = engine.addPartition(source, id)
  const rows = rowsOf(records)
  let row = 0
  do {
    row = engine.process(partition, records, row)
    await afterBatch()
  } while (row < rows)
  engine.endPartition(partition)
}

/** Letters as one read: as bytes where their source has a codec, else as the values that their bytes hold. */
export function letterRecords(letters: readonly StoredDeadLetter[], hasCodec: boolean): Records<unknown> {
  const { rows, body, refused } = hasCodec ? slabOf(letters) : valuesOf(letters)
  return {
    type: 'records',
    ...body,
    refused,
    arrival: Math.min(...letters.map(({ at }) => at)),
    position: String(letters.at(-1)?.id),
    positionOf: (row) => rows[row]?.position ?? '',
    metaOf: (row) => ({ partition: rows[row]?.partition ?? '', arrival: rows[row]?.at ?? 0 }),
  }
}

interface Body {
  /** The letter of each row. */
  readonly rows: readonly StoredDeadLetter[]
  readonly body: Pick<Records<unknown>, 'slab' | 'values'>
  readonly refused: readonly RefusedRow[]
}

const text = new TextDecoder()

function slabOf(letters: readonly StoredDeadLetter[]): Body {
  const ends = new Uint32Array(letters.length)
  let total = 0
  for (const [i, { bytes }] of letters.entries()) ends[i] = total += bytes.length
  const starts = ends.map((end, i) => end - (letters[i]?.bytes.length ?? 0))
  const bytes = new Uint8Array(total)
  for (const [i, letter] of letters.entries()) bytes.set(letter.bytes, starts[i])
  return { rows: letters, body: { slab: { bytes, starts, ends, length: letters.length } }, refused: [] }
}

/** A source without codec gives values; its letters hold them as JSON. */
function valuesOf(letters: readonly StoredDeadLetter[]): Body {
  const rows: StoredDeadLetter[] = []
  const values: unknown[] = []
  const refused: RefusedRow[] = []
  for (const letter of letters) {
    try {
      values.push(JSON.parse(text.decode(letter.bytes)))
      rows.push(letter)
    } catch (error) {
      refused.push({ position: String(letter.id), error, bytes: letter.bytes })
    }
  }
  return { rows, body: { values }, refused }
}

const asNew = ({ source, node, partition, position, code, message, time, bytes }: StoredDeadLetter): DeadLetter => ({
  source,
  node,
  partition,
  position,
  code,
  message: message.startsWith(homelessText) ? message : `${homelessText} ${message}`,
  time,
  bytes,
})

const homelessText = 'cannot be read again, as it did not come from a source of this topology:'
