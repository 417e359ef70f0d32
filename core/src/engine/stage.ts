import type { Node, SourceNode, StatefulNode } from '../topology/node.ts'
import { closeEmitterStage, closeReceiveStage, closeSourceStage } from './closure-stage.ts'
import { generateEmitterStage, generateReceiveStage, generateSourceStage } from './generated-stage.ts'
import type { EmitterStage, ReceiveStage, SourceStage, StageHost } from './stage-host.ts'

/** Compiles all per-record operators behind a source, up to and with the first stateful `add`. */
export const compileSourceStage = (host: StageHost, head: SourceNode): SourceStage =>
  host.form === 'closures' ? closeSourceStage(host, head) : generateSourceStage(host, head)

/** The same for those of its readers that read this output of a stateful operator. */
export const compileEmitterStage = (host: StageHost, head: Node, readers: readonly Node[]): EmitterStage =>
  host.form === 'closures' ? closeEmitterStage(host, head, readers) : generateEmitterStage(host, head, readers)

/** The same behind an exchange, from the operator on that its records are for. */
export const compileReceiveStage = (host: StageHost, head: SourceNode, target: StatefulNode): ReceiveStage =>
  host.form === 'closures' ? closeReceiveStage(host, head, target) : generateReceiveStage(host, head, target)
