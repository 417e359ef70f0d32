import { type DeadLetter, isMillraceError, MillraceError, type RefusedOutput, type SinkNode } from '@millrace/core'
import { jsonBytes } from '@millrace/core/engine'
import { messageOf } from './retry.ts'

/**
 * The dead letter of a record that a sink cannot write; undefined when the sink skips those. Throws when one fails the job.
 * The record as it was read is no longer at hand, so it holds what of the output can be said as JSON.
 */
export function refusedLetter(node: SinkNode, { value, time, error }: RefusedOutput): DeadLetter | undefined {
  const code = isMillraceError(error) ? error.code : 'SINK'
  if (node.onError === 'skip') return undefined
  if (node.onError === 'fail') {
    const message = `sink ${node.name}: cannot write a record of time ${time}: ${messageOf(error)} (onError is 'fail')`
    throw new MillraceError(code, message, { cause: error, node: node.name, position: `@${time}` })
  }
  const { name } = node
  return {
    source: name,
    node: name,
    partition: name,
    position: `@${time}`,
    code,
    message: messageOf(error),
    time,
    bytes: jsonBytes(value),
  }
}
