import { type CheckpointWrite, type Lease, MillraceError, type OutgoingFrame, type WriteOutcome } from '@millrace/core'
import { rowOf } from './found-rows.ts'
import { encodeLetter } from './letter-bytes.ts'
import type { Piece, Scripts, WriteReply, WriteRequest } from './scripts.ts'
import { chunksBySize, mostScriptBytes } from './split.ts'
import type { TaskStates } from './task-states.ts'

/** Writes records: the state before, then all the rest in one script, or, where it is too much for one, staged before. */
export class CheckpointWriter {
  readonly #scripts: Pick<Scripts, 'stage' | 'writeCheckpoint'>
  readonly #states: TaskStates
  readonly #where: string

  constructor(scripts: Pick<Scripts, 'stage' | 'writeCheckpoint'>, states: TaskStates, where: string) {
    this.#scripts = scripts
    this.#states = states
    this.#where = where
  }

  async write(lease: Lease, write: CheckpointWrite): Promise<WriteOutcome> {
    const { checkpoint, delta } = write
    if (delta) await this.#states.write(lease, delta.blob, delta.bytes)
    await this.#states.check(lease, checkpoint)
    const outcome = await this.#send(lease, write)
    if (outcome === 'fenced') await this.#states.refused(lease, delta?.blob)
    else this.#states.accepted(lease, checkpoint)
    return outcome
  }

  /** Stores frames for a later checkpoint, under the number of a piece that the caller gives. */
  async stage(lease: Lease, seq: number, piece: number, frames: readonly OutgoingFrame[]): Promise<WriteOutcome> {
    const contents = frames.map((frame): Piece => ({ type: 'frame', ...frame }))
    let offset = 0
    const chunks = chunksBySize(contents, pieceBytes, mostScriptBytes)
    for (const [i, chunk] of (chunks.length > 0 ? chunks : [[]]).entries()) {
      const isLast = i >= chunks.length - 1
      const reply = await this.#scripts.stage({ lease, seq, piece, offset, contents: chunk, isLast })
      const outcome = this.#outcome(lease, seq, reply)
      if (outcome !== 'written') return outcome
      offset += chunk.length
    }
    return 'written'
  }

  async #send(lease: Lease, write: CheckpointWrite): Promise<WriteOutcome> {
    const { delta, checkpoint } = write
    try {
      const whole = requestOf(lease, write)
      const request = isTooLarge(whole) ? await this.#staged(whole) : whole
      if (typeof request === 'string') return request
      return this.#outcome(lease, checkpoint.seq, await this.#scripts.writeCheckpoint(request))
    } catch (error) {
      this.#states.unsure(lease, delta?.blob)
      throw error
    }
  }

  /** The same request with its contents staged, piece by piece; or what became of it before. */
  async #staged(request: WriteRequest): Promise<WriteRequest | WriteOutcome> {
    const { lease, seq } = request
    let staged = request.staged
    for (const contents of chunksBySize(request.contents, pieceBytes, mostScriptBytes)) {
      const reply = await this.#scripts.stage({ lease, seq, piece: staged++, offset: 0, contents, isLast: true })
      const outcome = this.#outcome(lease, seq, reply)
      if (outcome !== 'written') return outcome
    }
    return { ...request, staged, contents: [] }
  }

  #outcome({ task }: Lease, seq: number, reply: WriteReply): WriteOutcome {
    switch (reply.type) {
      case 'misplaced':
        throw this.#error(
          'CORRUPT_STATE',
          `task ${task}: the last checkpoint is ${reply.last}, so ${seq} cannot follow; the data was replaced while the job ran: stop, and put the right one in its place`,
        )
      case 'rolledBack':
        throw this.#error(
          'ROLLED_BACK',
          `task ${task}: it has read past position ${reply.end}, where its exchange ends: the data was restored from an older copy; rewind the job, or restore a later copy`,
        )
      case 'unstaged':
        throw this.#error(
          'CORRUPT_STATE',
          `task ${task}: frames staged for checkpoint ${seq} are missing; start it again`,
        )
      default:
        return reply.type
    }
  }

  #error(code: 'CORRUPT_STATE' | 'ROLLED_BACK', text: string): MillraceError {
    return new MillraceError(code, `${this.#where}: ${text}`)
  }
}

function requestOf(lease: Lease, write: CheckpointWrite): WriteRequest {
  const { checkpoint, deadLetters, redriven, exchange, ended } = write
  const { seq, takenAt } = checkpoint
  const frames = (exchange?.frames ?? []).map((frame): Piece => ({ type: 'frame', ...frame }))
  const letters = deadLetters.map((letter): Piece => ({ type: 'letter', bytes: encodeLetter(letter, seq, takenAt) }))
  return {
    lease,
    seq,
    takenAt,
    record: JSON.stringify(checkpoint),
    staged: exchange?.staged ?? 0,
    contents: [...frames, ...letters],
    redriven,
    sends: exchange?.sends ?? [],
    watermark: exchange?.watermark,
    idle: exchange?.idle ?? false,
    consumed: exchange?.consumed,
    // whether a parent is gone, only a whole list can say
    ended: ended?.children.map((child) => rowOf(child, () => true)),
  }
}

const pieceBytes = ({ bytes }: Piece): number => bytes.length + 64

const isTooLarge = ({ contents, record }: WriteRequest): boolean =>
  contents.length > 0 && contents.reduce((sum, piece) => sum + pieceBytes(piece), record.length) > mostScriptBytes
