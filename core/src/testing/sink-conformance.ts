import type { Clock } from '../clock.ts'
import type { Guarantee, Handle, Json, Prepared, Sink, SinkContext, SinkWriter, Tenure } from '../connector/sink.ts'
import { suiteOf, type RegisterRule, type Skips, type SuiteOptions } from './suite.ts'

/**
 * What a sink has to keep; the names of the tests. The first six are for every sink, the next one for those that are
 * `idempotent`, the others for those that promise `exactly-once`.
 */
export type SinkRule =
  | 'connects nowhere before it is opened'
  | 'takes an empty batch, and prepares nothing of nothing'
  | 'shows what was written once it is prepared and committed'
  | 'goes on after a checkpoint, one after another'
  | 'hands on a record that can never be written, and writes the rest'
  | 'can be closed twice'
  | 'changes nothing when the next tenure writes the same again'
  | 'shows nothing of what is only prepared'
  | 'makes all there is a handle at the last checkpoint'
  | 'answers already when a handle is committed again'
  | 'lets any writer commit, in any order'
  | 'gives every handle an id of its own'
  | 'removes what older tenures prepared, if told to'
  | 'keeps what is excepted, its own, and what later tenures prepared'
  | 'aborts nothing when it is closed'
  | 'says when prepared output is lost'
  | 'hands what is open to the next tenure, and only up to the checkpoint'
  | 'can be taken over again before the next checkpoint'
  | 'is not harmed by an owner that lost its lease'

/** A sink with a destination of its own. */
export interface SinkUnderTest<T> {
  readonly sink: Sink<T>
  /** A record for a number; different for each. */
  readonly record: (n: number) => T
  /** A record that can never be written. */
  readonly unwritable?: T
  /** Numbers of the records that a reader of the destination sees, as often as it sees them. */
  readonly visible: () => Promise<readonly number[]>
  /** Takes prepared output away behind the sink's back. */
  readonly lose?: (handle: Handle) => Promise<void>
  /** A sink of the same kind with nothing at the other end: opening it must fail. */
  readonly unreachable?: Sink<T>
  /** @default one that stands still */
  readonly clock?: Clock
  close?(): Promise<void>
}

/** Arguments of {@link sinkConformance}. */
export interface SinkConformanceOptions<T> extends SuiteOptions {
  /** What the sink promises: decides which rules there are. */
  readonly guarantee: Guarantee
  /** Makes a sink with an empty destination; called once a test. */
  readonly create: () => Promise<SinkUnderTest<T>>
  /** Rules that cannot be tried, each with the reason. */
  readonly skip?: Skips<SinkRule>
}

/**
 * Checks that a sink keeps its contract: that output is seen when its checkpoint was accepted, and only then, once,
 * whichever owner writes, dies, comes back or commits.
 */
export function sinkConformance<T>(options: SinkConformanceOptions<T>): void {
  const rule = suiteOf<SinkRule, Trial<T>>(options, async (check) => {
    const trial = new Trial(await options.create())
    try {
      await check(trial)
    } finally {
      await trial.close()
    }
  })

  everySink(rule, options)
  if (options.guarantee === 'idempotent') repeats(rule, options)
  if (options.guarantee === 'exactly-once') {
    handles(rule, options)
    aborts(rule, options)
    owners(rule, options)
  }
}

type Rules<T> = RegisterRule<SinkRule, Trial<T>>

function everySink<T>(rule: Rules<T>, { expect, guarantee }: SinkConformanceOptions<T>): void {
  rule('connects nowhere before it is opened', async ({ under }) => {
    if (!under.unreachable) throw new Error('give `unreachable`, or the reason why there is none as `skip`')
    expect(typeof under.unreachable.description).toBe('string')
    expect(under.sink.guarantee).toBe(guarantee)
    expect(await new Trial({ ...under, sink: under.unreachable }).open(1).catch(() => 'failed')).toBe('failed')
  })

  rule('takes an empty batch, and prepares nothing of nothing', async (trial) => {
    const writer = await trial.open(1)
    await trial.write(writer, 0, 0)
    expect((await writer.prepare(1)).handles).toEqual([])
    expect((await writer.prepare(2, { last: true })).handles).toEqual([])
    expect(await trial.visible()).toEqual([])
  })

  rule('shows what was written once it is prepared and committed', async (trial) => {
    const writer = await trial.open(1)
    await trial.write(writer, 0, 100)
    const { handles } = await writer.prepare(1, { last: true })
    expect(await writer.commit(handles)).toEqual(handles.map(() => 'committed'))
    expect(await trial.visible()).toEqual(numbers(0, 100))
  })

  rule('goes on after a checkpoint, one after another', async (trial) => {
    const writer = await trial.open(1)
    for (let seq = 1; seq <= 5; seq++) {
      await trial.write(writer, seq * 10 - 10, seq * 10)
      await writer.commit((await writer.prepare(seq, { last: seq === 5 })).handles)
    }
    expect(await trial.visible()).toEqual(numbers(0, 50))
  })

  rule('hands on a record that can never be written, and writes the rest', async (trial) => {
    const { unwritable, record } = trial.under
    if (unwritable === undefined) throw new Error('give `unwritable`, or the reason why there is none as `skip`')
    const refused: unknown[] = []
    const writer = await trial.open(1, undefined, ({ value, time }) => refused.push([value, time]))
    const values = [record(0), unwritable, record(1), unwritable]
    await writer.write({ length: 4, values, times: new Float64Array([5, 6, 7, 8]) })
    await writer.commit((await writer.prepare(1, { last: true })).handles)
    expect(await trial.visible()).toEqual([0, 1])
    expect(refused).toEqual([
      [unwritable, 6],
      [unwritable, 8],
    ])
  })

  rule('can be closed twice', async (trial) => {
    const writer = await trial.open(1)
    await trial.write(writer, 0, 1)
    await writer.close()
    await writer.close()
  })
}

function repeats<T>(rule: Rules<T>, { expect }: SinkConformanceOptions<T>): void {
  rule('changes nothing when the next tenure writes the same again', async (trial) => {
    await trial.finish(await trial.open(1), 1, 0, 20)
    await trial.finish(await trial.open(2), 2, 0, 20)
    expect(await trial.visible()).toEqual(numbers(0, 20))
  })
}

function handles<T>(rule: Rules<T>, { expect }: SinkConformanceOptions<T>): void {
  rule('shows nothing of what is only prepared', async (trial) => {
    const writer = await trial.open(1)
    await trial.write(writer, 0, 100)
    expect(await trial.visible()).toEqual([])
    await writer.prepare(1, { last: true })
    expect(await trial.visible()).toEqual([])
  })

  rule('makes all there is a handle at the last checkpoint', async (trial) => {
    const writer = await trial.open(1)
    await trial.write(writer, 0, 10)
    await writer.commit((await writer.prepare(1)).handles)
    const { handles, state } = await writer.prepare(2, { last: true })
    await writer.commit(handles)
    expect(await trial.visible()).toEqual(numbers(0, 10))
    expect((await (await trial.open(2, state)).prepare(3, { last: true })).handles).toEqual([])
  })

  rule('answers already when a handle is committed again', async (trial) => {
    const handles = await trial.prepared(1, 1, 0, 10)
    const writer = await trial.open(2)
    expect(await writer.commit(handles)).toEqual(handles.map(() => 'committed'))
    expect(await writer.commit(handles)).toEqual(handles.map(() => 'already'))
    expect(await (await trial.open(3)).commit(handles)).toEqual(handles.map(() => 'already'))
    expect(await trial.visible()).toEqual(numbers(0, 10))
  })

  rule('lets any writer commit, in any order', async (trial) => {
    const writer = await trial.open(1)
    await trial.write(writer, 0, 10)
    const first = stored(await writer.prepare(1, { last: true }))
    await trial.write(writer, 10, 20)
    const second = stored(await writer.prepare(2, { last: true }))
    await writer.close()
    const another = await trial.open(2)
    await another.commit(second.handles)
    expect(await trial.visible()).toEqual(numbers(10, 20))
    await another.commit(first.handles)
    expect(await trial.visible()).toEqual(numbers(0, 20))
  })

  rule('gives every handle an id of its own', async (trial) => {
    const ids: string[] = []
    for (const epoch of [1, 2]) {
      const writer = await trial.open(epoch)
      for (const seq of [1, 2, 3]) {
        await trial.write(writer, 0, 10)
        for (const { id } of (await writer.prepare(seq, { last: true })).handles) ids.push(id)
      }
    }
    expect(ids.length).toBeGreaterThan(5)
    expect(new Set(ids).size).toBe(ids.length)
  })
}

function aborts<T>(rule: Rules<T>, { expect }: SinkConformanceOptions<T>): void {
  rule('removes what older tenures prepared, if told to', async (trial) => {
    const handles = await trial.prepared(1, 1, 0, 10)
    const writer = await trial.open(2)
    await writer.abort({ before: 2, except: [] })
    expect(await writer.commit(handles)).toEqual(handles.map(() => 'lost'))
    expect(await trial.visible()).toEqual([])
  })

  rule('keeps what is excepted, its own, and what later tenures prepared', async (trial) => {
    const kept = await trial.prepared(1, 1, 0, 10)
    const dropped = await trial.prepared(1, 2, 10, 20)
    const own = await trial.prepared(2, 3, 20, 30)
    const later = await trial.prepared(3, 4, 30, 40)
    const writer = await trial.open(2)
    await writer.abort({ before: 2, except: kept })
    expect(new Set(await writer.commit([...kept, ...own, ...later]))).toEqual(new Set(['committed']))
    expect(new Set(await writer.commit(dropped))).toEqual(new Set(['lost']))
    expect(await trial.visible()).toEqual([...numbers(0, 10), ...numbers(20, 40)])
  })

  rule('aborts nothing when it is closed', async (trial) => {
    const writer = await trial.open(1)
    await trial.write(writer, 0, 10)
    const { handles } = stored(await writer.prepare(1, { last: true }))
    await trial.write(writer, 10, 20)
    await writer.close()
    expect(await (await trial.open(2)).commit(handles)).toEqual(handles.map(() => 'committed'))
    expect(await trial.visible()).toEqual(numbers(0, 10))
  })

  rule('says when prepared output is lost', async (trial) => {
    const { lose } = trial.under
    if (!lose) throw new Error('give `lose`, or the reason why output cannot get lost as `skip`')
    const handles = await trial.prepared(1, 1, 0, 10)
    for (const handle of handles) await lose(handle)
    expect(await (await trial.open(2)).commit(handles)).toEqual(handles.map(() => 'lost'))
  })
}

function owners<T>(rule: Rules<T>, { expect }: SinkConformanceOptions<T>): void {
  rule('hands what is open to the next tenure, and only up to the checkpoint', async (trial) => {
    const writer = await trial.open(1)
    await trial.write(writer, 0, 10)
    const record = stored(await writer.prepare(1))
    await trial.write(writer, 10, 20)
    await writer.prepare(2)
    await trial.write(writer, 20, 30)
    await writer.close()
    await trial.finish(await trial.takeOver(2, record), 2, 50, 60)
    expect(await trial.visible()).toEqual([...numbers(0, 10), ...numbers(50, 60)])
  })

  rule('can be taken over again before the next checkpoint', async (trial) => {
    const writer = await trial.open(1)
    await trial.write(writer, 0, 10)
    const record = stored(await writer.prepare(1))
    const second = await trial.takeOver(2, record)
    await trial.write(second, 20, 30)
    await second.prepare(2)
    await trial.finish(await trial.takeOver(3, record), 2, 50, 60)
    expect(await trial.visible()).toEqual([...numbers(0, 10), ...numbers(50, 60)])
  })

  rule('is not harmed by an owner that lost its lease', async (trial) => {
    const zombie = await trial.open(1)
    await trial.write(zombie, 0, 10)
    const record = stored(await zombie.prepare(1))
    const writer = await trial.takeOver(2, record)
    // Its own calls may fail as they like.
    await trial.write(zombie, 90, 99).catch(() => undefined)
    await trial.write(writer, 10, 20)
    await zombie.prepare(2, { last: true }).catch(() => undefined)
    const next = stored(await writer.prepare(2))
    await zombie.close()
    await writer.commit(next.handles)
    await trial.finish(writer, 3, 20, 30)
    expect(await trial.visible()).toEqual(numbers(0, 30))
  })
}

const rethrow: SinkContext['refuse'] = ({ error }) => {
  throw error
}

/** One sink under test, with all writers that were opened on it. */
class Trial<T> {
  readonly under: SinkUnderTest<T>
  readonly #stop = new AbortController()
  readonly #writers: SinkWriter<T>[] = []

  constructor(under: SinkUnderTest<T>) {
    this.under = under
  }

  async close(): Promise<void> {
    this.#stop.abort()
    for (const writer of this.#writers) await writer.close()
    await this.under.close?.()
  }

  async visible(): Promise<readonly number[]> {
    return (await this.under.visible()).toSorted((a, b) => a - b)
  }

  /** Each call is another tenure, even of the same epoch. */
  async open(epoch: number, state?: Json, refuse: SinkContext['refuse'] = rethrow): Promise<SinkWriter<T>> {
    const tenure: Tenure = { run: 'run', epoch, nonce: `n${this.#writers.length}` }
    const writer = await this.under.sink.open({
      job: 'conformance',
      sink: 'out',
      task: 'in/0',
      tenure,
      clock: this.under.clock ?? { now: () => 1_800_000_000_000 },
      signal: this.#stop.signal,
      refuse,
      state,
    })
    this.#writers.push(writer)
    return writer
  }

  /** What a new owner does first, as the last record says. */
  async takeOver(epoch: number, { handles, state }: Prepared): Promise<SinkWriter<T>> {
    const writer = await this.open(epoch, state)
    await writer.commit(handles)
    await writer.abort({ before: epoch, except: handles })
    return writer
  }

  async write(writer: SinkWriter<T>, from: number, to: number): Promise<void> {
    const values = numbers(from, to).map(this.under.record)
    await writer.write({ length: values.length, values, times: new Float64Array(numbers(from, to)) })
  }

  /** Handles of a tenure that wrote some records and then died. */
  async prepared(epoch: number, seq: number, from: number, to: number): Promise<readonly Handle[]> {
    const writer = await this.open(epoch)
    await this.write(writer, from, to)
    const { handles } = stored(await writer.prepare(seq, { last: true }))
    await writer.close()
    return handles
  }

  /** Writes some more and stops for good. */
  async finish(writer: SinkWriter<T>, seq: number, from: number, to: number): Promise<void> {
    await this.write(writer, from, to)
    await writer.commit((await writer.prepare(seq, { last: true })).handles)
  }
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

/** What a checkpoint record gives back. */
const stored = (prepared: Prepared): Prepared => JSON.parse(JSON.stringify(prepared)) as Prepared
