import {
  type Checkpoint,
  compareState,
  type Graph,
  isMillraceError,
  type MillraceError,
  type StateChange,
  type StateShape,
  stateShapes,
} from '@millrace/core'
import { planState } from '../worker/state-changes.ts'

/** How stored state fits a topology. */
export interface StateReport {
  /** Number of the last checkpoint; undefined when there is none yet, which fits every topology. */
  readonly checkpoint: number | undefined
  readonly states: readonly StateChange[]
  /** Why a start would be refused. */
  readonly refusal: MillraceError | undefined
}

/** Compares the last checkpoint of a job with the topology that is to go on with it. */
export function stateReport(checkpoint: Checkpoint | undefined, graph: Graph, drop: readonly string[]): StateReport {
  if (checkpoint === undefined) return { checkpoint: undefined, states: [], refusal: undefined }
  const stored = checkpoint.topology as unknown as readonly StateShape[]
  const refusal = refusalOf(() => planState(checkpoint, graph, drop))
  return { checkpoint: checkpoint.seq, states: compareState(stored, stateShapes(graph)), refusal }
}

function refusalOf(plan: () => unknown): MillraceError | undefined {
  try {
    plan()
    return undefined
  } catch (error) {
    if (isMillraceError(error, 'CHANGED_TOPOLOGY')) return error
    throw error
  }
}
