import type { TextStream } from '../io.ts'

/** Columns of a terminal that does not say how many it has. */
const usualColumns = 80

/** Some lines at the bottom of a terminal that are drawn again in place. */
export class LiveBlock {
  readonly #stream: TextStream
  readonly #write: (text: string) => void
  #drawn = 0

  /** `write` is where the lines go; the stream says how wide they may be. */
  constructor(stream: TextStream, write: (text: string) => void) {
    this.#stream = stream
    this.#write = write
  }

  draw(lines: readonly string[]): void {
    const width = this.#stream.columns || usualColumns
    // a line that the terminal wraps would count as two
    const cut = lines.map((line) => `${line.slice(0, width - 1)}\n`)
    this.#write(`${this.#erasure()}${cut.join('')}`)
    this.#drawn = lines.length
  }

  /** Takes the lines off the screen; the cursor is where they began. */
  clear(): void {
    if (this.#drawn > 0) this.#write(this.#erasure())
    this.#drawn = 0
  }

  #erasure(): string {
    return this.#drawn === 0 ? '' : `\x1b[${this.#drawn}A\x1b[0J`
  }
}
