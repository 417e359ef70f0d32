import { drawTable } from './table.ts'

/** What is used of `process.stdout`. */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  write(text: string, done: (error?: Error | null) => void): unknown
}

const redrawMs = 100

/** Writes text and waits until the stream has taken it. */
export function print(output: Output, text: string): Promise<void> {
  return new Promise((resolve, reject) => output.write(text, (error) => (error ? reject(error) : resolve())))
}

const screens = new WeakMap<Output, Screen>()

/** The screen of an output: one for all sinks that write to it. */
export function screenOf(output: Output): Screen {
  const screen = screens.get(output) ?? new Screen(output)
  screens.set(output, screen)
  return screen
}

/** Tables, one below the other, drawn again in place. */
export class Screen {
  readonly #output: Output
  readonly #tables = new Map<string, unknown[]>()
  /** Lines that stand on the terminal. */
  #drawn = 0
  #drawnAt = -Infinity

  constructor(output: Output) {
    this.#output = output
  }

  /** Adds records to a table, of which the last `most` are shown. */
  add(table: string, records: readonly unknown[], most: number): void {
    this.#tables.set(table, [...(this.#tables.get(table) ?? []), ...records.slice(-most)].slice(-most))
  }

  /** Draws, unless that was done a moment ago. */
  async draw(now: number): Promise<void> {
    if (Math.abs(now - this.#drawnAt) < redrawMs) return
    this.#drawnAt = now
    await this.drawNow()
  }

  async drawNow(): Promise<void> {
    const width = this.#output.columns ?? 80
    const height = (this.#output.rows ?? 24) - 1
    const lines = [...this.#tables].flatMap(([title, rows]) => [...drawTable(title, rows, width), '']).slice(-height)
    const back = this.#drawn > 0 ? `\x1b[${this.#drawn}A\x1b[0J` : ''
    this.#drawn = lines.length
    await print(this.#output, `${back}${lines.join('\n')}\n`)
  }
}
