import type { StatefulNode, WindowNode } from '../topology/node.ts'
import type { SessionSpec, SlidingSpec, TumblingSpec } from '../windows/window-spec.ts'
import { Dedupe } from './dedupe.ts'
import { Process } from './process.ts'
import { Reduce } from './reduce.ts'
import { SessionWindow } from './session-window.ts'
import { SlidingWindow } from './sliding-window.ts'
import type { OperatorHost, StatefulOperator } from './stateful.ts'
import { TumblingWindow } from './tumbling-window.ts'

/** Makes the running form of a stateful node. `lateRead` says whether the topology reads what comes too late. */
export function createOperator(
  host: OperatorHost,
  node: StatefulNode,
  name: string,
  lateRead: boolean,
): StatefulOperator {
  switch (node.kind) {
    case 'dedupe':
      return new Dedupe(host, node, name)
    case 'reduce':
      return new Reduce(host.form, node, name)
    case 'process':
      return new Process(host, node, name)
    case 'window':
    case 'windowAll':
      return createWindow(host, node, name, lateRead)
  }
}

function createWindow(host: OperatorHost, node: WindowNode, name: string, lateRead: boolean): StatefulOperator {
  if (isOf<TumblingSpec>(node, 'tumbling')) return new TumblingWindow(host, node, name, lateRead)
  if (isOf<SlidingSpec>(node, 'sliding')) return new SlidingWindow(host, node, name, lateRead)
  return new SessionWindow(host, node as WindowNode & { readonly spec: SessionSpec }, name, lateRead)
}

const isOf = <S extends WindowNode['spec']>(
  node: WindowNode,
  kind: S['kind'],
): node is WindowNode & { readonly spec: S } => node.spec.kind === kind
