import type { Checkpoint, DeadLetter, ExchangeWrite, PartitionEnd } from '@millrace/core'
import type { Engine } from '@millrace/core/engine'
import type { Inputs, Positions } from './inputs.ts'

/**
 * What joins a task to the other tasks of its job: where it begins, what it sends to later stages, and who goes on when
 * it has ended. A task that runs a whole topology has none.
 */
export interface TaskLink {
  /** Called once, before anything is read: connects the engine, and tells it how far event time has come. */
  begin(engine: Engine, checkpoint: Checkpoint | undefined): void
  /** Where its partition goes on, or begins. */
  positions(checkpoint: Checkpoint | undefined): Positions
  /** Takes what the engine has for other stages; called after each batch. */
  drain(): void
  /** Records that cannot be sent, since the last call. */
  takeLetters(): readonly DeadLetter[]
  /** So much waits to be sent that nothing more should be read before a checkpoint. */
  readonly isFull: boolean
  /** True when a change of the watermark alone is worth a checkpoint, as later stages wait for it. */
  readonly sends: boolean
  /** Whether the stages that it sends to have room for another checkpoint. */
  hasRoom(): Promise<boolean>
  /** All that goes to other stages with the checkpoint that is being taken. */
  write(inputs: Inputs): ExchangeWrite
  /** Dead letters that its partition consists of: done, once it has ended. */
  readonly redriven: readonly number[]
  /** Who goes on where its partition ended. */
  readonly end: PartitionEnd
}
