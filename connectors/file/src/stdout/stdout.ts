import type { CommitOutcome, Handle, Prepared, Sink, SinkBatch, SinkContext, SinkWriter } from '@millrace/core'
import { print, screenOf } from './screen.ts'
import type { Output } from './screen.ts'
import { toJson } from './table.ts'

/** Options of {@link stdout}. */
export interface StdoutOptions {
  /** How many of the last records the table shows on a terminal. @default 10 */
  readonly rows?: number
  /** Where to write to. @default process.stdout */
  readonly output?: Output
}

/**
 * Shows records: on a terminal as a table of the last ones, drawn again as they come; elsewhere, and for other programs,
 * as lines of JSON. Delivers at least once: after a crash, records since the last checkpoint come again.
 *
 * @example
 * ```ts
 * views.to(stdout())
 * ```
 */
export function stdout({ rows = 10, output = process.stdout }: StdoutOptions = {}): Sink<unknown> {
  return {
    kind: 'stdout',
    guarantee: 'at-least-once',
    description: 'stdout()',
    open: async (context) => (output.isTTY ? new TableWriter(output, rows, context) : new LineWriter(output, context)),
  }
}

/** Has nothing to commit: what is written is seen. */
abstract class DirectWriter implements SinkWriter<unknown> {
  abstract write(batch: SinkBatch<unknown>): Promise<void>

  async prepare(): Promise<Prepared> {
    return { handles: [] }
  }

  async commit(handles: readonly Handle[]): Promise<readonly CommitOutcome[]> {
    return handles.map(() => 'lost')
  }

  async abort(): Promise<void> {}

  async close(): Promise<void> {}
}

class LineWriter extends DirectWriter {
  readonly #output: Output
  readonly #context: SinkContext

  constructor(output: Output, context: SinkContext) {
    super()
    this.#output = output
    this.#context = context
  }

  override async write({ length, values, times }: SinkBatch<unknown>): Promise<void> {
    let text = ''
    for (let i = 0; i < length; i++) text += this.#line(values[i], times[i]!)
    if (text !== '') await print(this.#output, text)
  }

  #line(value: unknown, time: number): string {
    try {
      return `${toJson(value)}\n`
    } catch (error) {
      this.#context.refuse({ value, time, error })
      return ''
    }
  }
}

class TableWriter extends DirectWriter {
  readonly #output: Output
  readonly #rows: number
  readonly #context: SinkContext

  constructor(output: Output, rows: number, context: SinkContext) {
    super()
    this.#output = output
    this.#rows = rows
    this.#context = context
  }

  override async write({ length, values }: SinkBatch<unknown>): Promise<void> {
    if (length === 0) return
    const screen = screenOf(this.#output)
    screen.add(this.#context.sink, values.slice(0, length), this.#rows)
    await screen.draw(this.#context.clock.now())
  }

  override async prepare(): Promise<Prepared> {
    await screenOf(this.#output).drawNow()
    return super.prepare()
  }
}
