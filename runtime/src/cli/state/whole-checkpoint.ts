import { type Checkpoint, type Json, splitTaskName } from '@millrace/core'

/**
 * What is stored of a job, as if it were one task: of many the states of all stages, the positions of the sources in this
 * topology, all handles. Undefined when there is nothing yet.
 */
export function wholeCheckpoint(
  checkpoints: readonly Checkpoint[],
  exchanges: ReadonlySet<string>,
): Checkpoint | undefined {
  const last = new Map(checkpoints.toReversed().map((checkpoint) => [checkpoint.task, checkpoint]))
  const [first, ...others] = [...last.values()]
  if (first === undefined || others.length === 0) return first
  const all = [first, ...others]
  return {
    ...first,
    seq: Math.max(...all.map(({ seq }) => seq)),
    topology: uniqueShapes(all),
    positions: Object.assign({}, ...all.filter(isOfSource(exchanges)).map(({ positions }) => positions)),
    handles: all.flatMap(({ handles }) => handles),
  }
}

/** A task behind an exchange keeps its position there under the name of the exchange. */
const isOfSource =
  (exchanges: ReadonlySet<string>) =>
  ({ task }: Checkpoint): boolean =>
    !exchanges.has(splitTaskName(task).stage)

/** Tasks of one stage have the same states. */
function uniqueShapes(checkpoints: readonly Checkpoint[]): Json {
  const shapes = checkpoints.flatMap(({ topology }) => topology as readonly Json[])
  return [...new Map(shapes.map((shape) => [(shape as { readonly name: string }).name, shape])).values()]
}
