// One source of clicks, for tests that look at single steps.
import { from, topology, type Graph, type Inputs, type Node, type Outlets, type Stream } from '@millrace/core'
import { consoleTable, generate } from './connectors.ts'

export interface Click {
  id: string
  user: string
  page: string
  at: number
  ms: number
  bot: boolean
  tags: string[]
  ref?: string
}

export const click: Click = { id: '', user: '', page: '/', at: 0, ms: 0, bot: false, tags: [] }

export const graphOf = (build: (inputs: Inputs<{ clicks: Click }>) => Outlets): Graph =>
  topology('job')
    .sources(() => ({ clicks: from(generate((): Click => click)) }))
    .build(build)
    .graph({})

/** The nodes between the source and the only sink. */
export function nodesOf(build: (clicks: Stream<Click>) => Stream<unknown>): Node[] {
  const { nodes } = graphOf(({ clicks }) => ({ out: build(clicks).to(consoleTable()) }))
  return nodes.filter(({ kind }) => kind !== 'source' && kind !== 'sink')
}
