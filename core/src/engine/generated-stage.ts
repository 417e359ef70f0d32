import type { CodePoint } from '../operators/piece.ts'
import { keySource } from '../operators/key-by.ts'
import { verdict } from '../operators/stateful.ts'
import { Code } from '../state/code.ts'
import {
  isStateful,
  type BranchNode,
  type Node,
  type SendNode,
  type SourceNode,
  type StatefulNode,
} from '../topology/node.ts'
import { badTime, latestTime, timeOf } from './event-time.ts'
import { noKey, pieceOf, type EmitterStage, type ReceiveStage, type SourceStage, type StageHost } from './stage-host.ts'

/** One loop over all per-record operators behind a source, up to and with the first stateful `add`. */
export function generateSourceStage(host: StageHost, head: SourceNode): SourceStage {
  const writer = new StageWriter(host, host.consumers(head))
  const { code } = writer
  const body = writer.count(head) + writer.children(head, 'v', 'continue rows')
  const time = timeSource(code, head)
  return code.compile(
    'stage',
    `(b,n)=>{const values=b.values,rows=b.rows,state=b.partition,limit=${code.arg(latestTime)}(b.arrival,${code.arg(head.maxAheadMs)}),p=${code.arg(`${head.name}/`)}+state.id,base=b.base;
let wm=state.watermark,i=0,N=0,t=NaN;${writer.declareCounts()}${writer.functions.join('')}
while(i<n){try{rows:for(;i<n;i++){const v=values[i];N=${host.index(head)};t=NaN;${time}
if(!(t>=0&&t<=limit)){const bad=t;t=NaN;throw ${code.arg(badTime)}(bad,b.arrival)}t+=0;
const mark=wm;if(t-${code.arg(head.outOfOrdernessMs)}>wm)wm=t-${code.arg(head.outOfOrdernessMs)};
${body}}}catch(e){${code.arg(host)}.fail(e,N,b,i,t);i++}}
state.watermark=wm;${writer.storeCounts()}}`
      .replaceAll('@Q', 'base+rows[i]')
      .replaceAll('@P', 'p'),
  )
}

/** The same behind a stateful operator. */
export function generateEmitterStage(host: StageHost, head: Node, consumers: readonly Node[]): EmitterStage {
  const writer = new StageWriter(host, consumers)
  const { code } = writer
  const body = writer.fan(consumers, 'v', 'continue rows')
  return code.compile(
    'stage',
    `(b,n)=>{const values=b.values,times=b.times,marks=b.marks,keys=b.keys,base=b.sequence;let i=0,N=0,t=NaN;${writer.declareCounts()}${writer.functions.join('')}
while(i<n){try{rows:for(;i<n;i++){const v=values[i];N=${host.index(head)};t=times[i];const mark=marks[i];
${body}}}catch(e){${code.arg(host)}.fail(e,N,b,i,t);i++}}
${writer.storeCounts()}}`
      .replaceAll('@Q', 'base+i')
      .replaceAll('@P', 'String(keys[i])'),
  )
}

/** The same behind an exchange: each row has its key and its place. */
export function generateReceiveStage(host: StageHost, head: SourceNode, target: StatefulNode): ReceiveStage {
  const writer = new StageWriter(host, [target])
  const { code } = writer
  const body = writer.fan([target], 'v', 'continue rows', 'k')
  return code.compile(
    'stage',
    `(b,n)=>{const values=b.values,times=b.times,marks=b.marks,keys=b.keys,places=b.places,sequences=b.sequences;let i=0,N=0,t=NaN;${writer.declareCounts()}${writer.functions.join('')}
while(i<n){try{rows:for(;i<n;i++){const v=values[i],k=keys[i];N=${host.index(head)};t=times[i];const mark=marks[i];
${body}}}catch(e){${code.arg(host)}.fail(e,N,b,i,t);i++}}
${writer.storeCounts()}}`
      .replaceAll('@Q', 'sequences[i]')
      .replaceAll('@P', 'places[i]'),
  )
}

function timeSource(code: Code, { eventTime }: SourceNode): string {
  if (eventTime === undefined) return 't=b.arrival;'
  if (typeof eventTime === 'string')
    return `t=v[${code.arg(eventTime)}];if(typeof t!=='number')t=${code.arg(timeOf)}(t);`
  const meta = eventTime.length > 1 ? ',b.meta(i)' : ''
  return `t=${code.arg(eventTime)}(v${meta});if(typeof t!=='number')t=${code.arg(timeOf)}(t);`
}

/** Writes the body of a generated loop. */
class StageWriter {
  readonly code = new Code()
  /** What records reach on several ways within the stage, to stand in front of the loop. */
  readonly functions: string[] = []
  readonly #host: StageHost
  readonly #counted = new Set<number>()
  /** Unions that are reached on several ways, with their function once it is there. */
  readonly #shared: Map<Node, string | undefined>

  constructor(host: StageHost, first: readonly Node[]) {
    this.#host = host
    this.#shared = new Map(meetings(host, first).map((node) => [node, undefined]))
  }

  /** Code for everything that reads `node`. */
  children(node: Node, value: string, skip: string, key?: string): string {
    return this.fan(this.#host.consumers(node), value, skip, key)
  }

  fan(consumers: readonly Node[], value: string, skip: string, key?: string): string {
    if (consumers.length === 1) return consumers.map((node) => this.#node(node, value, skip, key)).join('')
    return consumers.map((node) => this.#guard((inner) => this.#node(node, value, inner, key))).join('')
  }

  count(node: Node): string {
    const index = this.#host.index(node)
    this.#counted.add(index)
    return `n${index}++;`
  }

  declareCounts(): string {
    return [...this.#counted].map((index) => `let n${index}=0;`).join('')
  }

  storeCounts(): string {
    const counts = this.code.arg(this.#host.counts)
    return [...this.#counted].map((index) => `${counts}[${index}]+=n${index};`).join('')
  }

  #guard(body: (skip: string) => string): string {
    const label = this.code.fresh('g')
    return `${label}:{try{${body(`break ${label}`)}}catch(e){${this.code.arg(this.#host)}.fail(e,N,b,i,t)}}`
  }

  #node(node: Node, value: string, skip: string, key: string | undefined): string {
    switch (node.kind) {
      case 'sink':
        return `${this.count(node)}${this.code.arg(this.#host.output(node))}.push(${value},t);`
      case 'send':
        return this.#send(node, value, key)
      case 'dedupe':
      case 'window':
      case 'windowAll':
      case 'reduce':
      case 'process':
        return this.#stateful(node, value, skip, key)
      default:
        return this.#shared.has(node)
          ? `${this.#function(node)}(${value},mark);`
          : pieceOf(node).code(node, this.#point(node, value, skip))
    }
  }

  /** Name of the function for all behind a union: written out on every way there, code would double with each union. */
  #function(node: Node): string {
    const known = this.#shared.get(node)
    if (known !== undefined) return known
    const name = this.code.fresh('u')
    this.#shared.set(node, name)
    this.functions.push(`const ${name}=(v,mark)=>{${pieceOf(node).code(node, this.#point(node, 'v', 'return'))}};`)
    return name
  }

  #stateful(node: StatefulNode, value: string, skip: string, given: string | undefined): string {
    const operator = this.#host.operator(node)
    const { key, source } = this.#key(node, value, given)
    const blame = this.#blame(node)
    const result = this.code.fresh('r')
    const call = `const ${result}=${this.code.arg(operator.add)}(${key},${value},t,mark,@P,@Q);`
    const late = `${this.code.arg(this.#host)}.tooLate(${this.#host.index(node)},b,i,t)`
    const refused = `if(${result}!==${verdict.taken}){if(${result}===${verdict.late})${late};${skip}}`
    const taken = node.kind === 'dedupe' ? this.children(node, value, skip) : ''
    return `${blame}${source}${call}${refused}${this.count(node)}${taken}`
  }

  /** What is sent on as it is counts where it is taken. */
  #send(node: SendNode, value: string, given: string | undefined): string {
    const { key, source } = this.#key(node.target, value, given)
    const add = this.code.arg(this.#host.exchange(node).add)
    return `${this.#blame(node)}${source}if(${add}(${key},${value},t,mark,@P,@Q)===${verdict.taken}){${this.count(node)}}`
  }

  #key(
    node: StatefulNode,
    value: string,
    given: string | undefined,
  ): { readonly key: string; readonly source: string } {
    if (given !== undefined) return { key: given, source: '' }
    return node.kind === 'dedupe' ? keySource(this.code, node.by, value) : { key: this.code.arg(noKey), source: '' }
  }

  #blame(node: Node): string {
    return `N=${this.#host.index(node)};`
  }

  #point(node: Node, value: string, skip: string): CodePoint {
    return {
      code: this.code,
      value,
      skip,
      blame: this.#blame(node),
      next: (next, options = {}) => this.count(node) + this.children(node, next, options.skip ?? skip, options.key),
      branch: (branch) => {
        const readers = this.#host.consumers(node).filter((other) => (other as BranchNode).branch === branch)
        return readers.length === 0 ? '' : this.count(node) + this.fan(readers, value, skip)
      },
      guard: (body) => this.#guard(body),
    }
  }
}

/** The unions of a stage in which it meets itself. */
function meetings(host: StageHost, first: readonly Node[]): Node[] {
  const ways = new Map<Node, number>()
  const walk = (node: Node): void => {
    const before = ways.get(node) ?? 0
    ways.set(node, before + 1)
    const endsHere = node.kind === 'sink' || (isStateful(node) && node.kind !== 'dedupe')
    if (before === 0 && !endsHere) host.consumers(node).forEach(walk)
  }
  first.forEach(walk)
  return [...ways.keys()].filter((node) => node.kind === 'union' && (ways.get(node) ?? 0) > 1)
}
