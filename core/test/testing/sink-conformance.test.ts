import { describe, expect, test } from 'vitest'
import {
  tenureId,
  type CommitOutcome,
  type Guarantee,
  type Handle,
  type Json,
  type Sink,
  type SinkBatch,
  type SinkContext,
  type SinkWriter,
} from '../../src/connector/sink.ts'
import { sinkConformance, type SinkUnderTest } from '../../src/testing/sink-conformance.ts'
import { brokenRules } from './broken-rules.ts'

/** A destination in memory: what is prepared, by id, and what is seen. */
class Store {
  readonly prepared = new Map<string, { readonly epoch: number; readonly values: number[] }>()
  readonly committed = new Set<string>()
  readonly visible: number[] = []
}

/** What one writer does wrong. */
interface Defects {
  readonly visibleWhenPrepared?: boolean
  readonly commitsTwice?: boolean
  readonly guessesCommitted?: boolean
  readonly idsWithoutTenure?: boolean
  readonly abortsExcepted?: boolean
  readonly abortsOwn?: boolean
  readonly abortsNothing?: boolean
  readonly abortsOnClose?: boolean
  readonly forgetsState?: boolean
  readonly keepsOpenAtLast?: boolean
  readonly continuesInPlace?: boolean
  readonly losesStateOnAbort?: boolean
  readonly writesEmptyHandles?: boolean
  readonly failsToCloseTwice?: boolean
  readonly takesAll?: boolean
}

/** Writes numbers; every second checkpoint becomes a handle, so that something is open in between. */
class StoreWriter implements SinkWriter<number> {
  readonly #store: Store
  readonly #context: SinkContext
  readonly #defects: Defects
  readonly #id: string
  /** The values that are open; where they are kept so that the next tenure finds them. */
  #open: number[]
  #count = 0
  #isClosed = false

  constructor(store: Store, context: SinkContext, defects: Defects) {
    this.#store = store
    this.#context = context
    this.#defects = defects
    this.#id = defects.idsWithoutTenure ? 'out' : tenureId(context.tenure)
    this.#open = defects.forgetsState ? [] : this.#inherit(context.state)
  }

  #inherit(state: Json | undefined): number[] {
    const { id, length } = (state ?? {}) as { id?: string; length?: number }
    const kept = id === undefined ? [] : this.#store.prepared.get(`open ${id}`)?.values
    if (!kept) throw new Error(`${id} is gone`)
    return this.#defects.continuesInPlace ? kept : kept.slice(0, length)
  }

  write({ values, times }: SinkBatch<number>): void {
    for (const [i, value] of values.entries()) {
      if (value >= 0 || this.#defects.takesAll) this.#open.push(value)
      else this.#context.refuse({ value, time: times[i] ?? 0, error: new RangeError('negative') })
    }
  }

  async prepare(seq: number, options?: { readonly last: boolean }): Promise<{ handles: Handle[]; state?: Json }> {
    const { tenure, sink } = this.#context
    const isDue = (options?.last && !this.#defects.keepsOpenAtLast) || seq % 2 === 0
    if (this.#open.length === 0 && !this.#defects.writesEmptyHandles) return { handles: [] }
    if (!isDue) {
      this.#store.prepared.set(`open ${this.#id}`, { epoch: tenure.epoch, values: this.#open })
      return { handles: [], state: { id: this.#id, length: this.#open.length } }
    }
    const id = `${this.#id} ${seq} ${this.#count++}`
    this.#store.prepared.set(id, { epoch: tenure.epoch, values: this.#open })
    if (this.#defects.visibleWhenPrepared) this.#store.visible.push(...this.#open)
    this.#open = []
    return { handles: [{ sink, id, destination: id, data: id }] }
  }

  async commit(handles: readonly Handle[]): Promise<readonly CommitOutcome[]> {
    return handles.map(({ id }) => this.#commit(id))
  }

  #commit(id: string): CommitOutcome {
    const { prepared, committed, visible } = this.#store
    const values = prepared.get(id)?.values
    if (committed.has(id) && !this.#defects.commitsTwice) return 'already'
    if (!values) return this.#defects.guessesCommitted ? 'committed' : 'lost'
    committed.add(id)
    if (!this.#defects.visibleWhenPrepared) visible.push(...values)
    return 'committed'
  }

  async abort({ before, except }: { readonly before: number; readonly except: readonly Handle[] }): Promise<void> {
    const { id } = (this.#context.state ?? {}) as { id?: string }
    if (this.#defects.abortsNothing) return
    for (const [name, { epoch }] of this.#store.prepared) {
      const isExcepted = !this.#defects.abortsExcepted && except.some((handle) => handle.id === name)
      const isInherited = !this.#defects.losesStateOnAbort && name === `open ${id}`
      const isOlder = epoch < before || this.#defects.abortsOwn
      if (isOlder && !isExcepted && !isInherited) this.#store.prepared.delete(name)
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed && this.#defects.failsToCloseTwice) throw new Error('closed twice')
    this.#isClosed = true
    if (this.#defects.abortsOnClose) {
      for (const name of this.#store.prepared.keys()) if (name.includes(this.#id)) this.#store.prepared.delete(name)
    }
  }
}

function under(guarantee: Guarantee, defects: Defects = {}): () => Promise<SinkUnderTest<number>> {
  return async () => {
    const store = new Store()
    const sink: Sink<number> = {
      kind: 'store',
      guarantee,
      description: 'store()',
      open: async (context) => new StoreWriter(store, context, defects),
    }
    const unreachable: Sink<number> = { ...sink, open: async () => Promise.reject(new Error('nobody there')) }
    const lose = async ({ id }: Handle): Promise<void> => void store.prepared.delete(id)
    return { sink, record: (n) => n, unwritable: -1, visible: async () => store.visible, lose, unreachable }
  }
}

describe('a sound sink', () => {
  sinkConformance({ test, expect, guarantee: 'exactly-once', create: under('exactly-once') })
})

const defects: [defects: Defects, rule: string][] = [
  [{ visibleWhenPrepared: true }, 'shows nothing of what is only prepared'],
  [{ commitsTwice: true }, 'answers already when a handle is committed again'],
  [{ guessesCommitted: true }, 'says when prepared output is lost'],
  [{ idsWithoutTenure: true }, 'gives every handle an id of its own'],
  [{ abortsExcepted: true }, 'keeps what is excepted, its own, and what later tenures prepared'],
  [{ abortsOwn: true }, 'keeps what is excepted, its own, and what later tenures prepared'],
  [{ abortsNothing: true }, 'removes what older tenures prepared, if told to'],
  [{ abortsOnClose: true }, 'aborts nothing when it is closed'],
  [{ forgetsState: true }, 'hands what is open to the next tenure, and only up to the checkpoint'],
  [{ keepsOpenAtLast: true }, 'shows what was written once it is prepared and committed'],
  [{ continuesInPlace: true }, 'is not harmed by an owner that lost its lease'],
  [{ losesStateOnAbort: true }, 'can be taken over again before the next checkpoint'],
  [{ writesEmptyHandles: true }, 'takes an empty batch, and prepares nothing of nothing'],
  [{ failsToCloseTwice: true }, 'can be closed twice'],
  [{ takesAll: true }, 'hands on a record that can never be written, and writes the rest'],
]

test.for(defects)('finds %j', async ([defect, rule]) => {
  const suite = under('exactly-once', defect)
  const broken = await brokenRules((run) =>
    sinkConformance({ test: run, expect, guarantee: 'exactly-once', create: suite }),
  )
  expect(broken).toContain(rule)
})

test('asks less of a sink that promises less, and notices another promise', async () => {
  const rules = (guarantee: Guarantee): string[] => {
    const names: string[] = []
    sinkConformance({ test: (name) => names.push(name), expect, guarantee, create: under(guarantee) })
    return names
  }
  expect([rules('at-least-once').length, rules('idempotent').length, rules('exactly-once').length]).toEqual([6, 7, 18])
  const create = under('at-least-once')
  const broken = await brokenRules((run) => sinkConformance({ test: run, expect, guarantee: 'exactly-once', create }))
  expect(broken).toContain('connects nowhere before it is opened')
})
