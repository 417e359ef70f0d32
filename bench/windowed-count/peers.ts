import { filter, from, map } from 'rxjs'
import type { Lines } from './lines.ts'

interface Click {
  readonly page: string
  readonly at: number
  readonly bot: boolean
}

const sizeMs = 10_000
const outOfOrdernessMs = 3_000

/** What a run has counted: the same for all of them, or one of them is wrong. */
export interface Counted {
  readonly windows: number
  readonly views: number
}

/** The job written by hand: parse, drop bots, count by page over tumbling 10 s of event time. No state is kept. */
class HandWritten {
  readonly #panes = new Map<number, Map<string, number>>()
  #watermark = -Infinity
  #seen = 0
  windows = 0
  views = 0

  add({ page, at }: Click): void {
    const mark = this.#watermark
    if (at - outOfOrdernessMs > mark) this.#watermark = at - outOfOrdernessMs
    const start = at - (at % sizeMs)
    if (start + sizeMs <= mark) return
    let pane = this.#panes.get(start)
    if (pane === undefined) this.#panes.set(start, (pane = new Map()))
    pane.set(page, (pane.get(page) ?? 0) + 1)
    if ((++this.#seen & 1023) === 0) this.#fire(this.#watermark)
  }

  finish(): Counted {
    this.#fire(Infinity)
    return { windows: this.windows, views: this.views }
  }

  #fire(watermark: number): void {
    for (const [start, pane] of this.#panes) {
      if (start + sizeMs > watermark) continue
      for (const count of pane.values()) {
        this.windows++
        this.views += count
      }
      this.#panes.delete(start)
    }
  }
}

/** The whole job as one loop over `JSON.parse`. */
export function loop({ bytes }: Lines): Counted {
  const job = new HandWritten()
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(10, at)
    const click = JSON.parse(bytes.toString('latin1', at, end)) as Click
    at = end + 1
    if (!click.bot) job.add({ page: click.page, at: click.at, bot: false })
  }
  return job.finish()
}

function* linesOf({ bytes }: Lines): Generator<string> {
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(10, at)
    yield bytes.toString('latin1', at, end)
    at = end + 1
  }
}

/** The same as an RxJS pipeline. */
export function rxjs(lines: Lines): Counted {
  const job = new HandWritten()
  from(linesOf(lines))
    .pipe(
      map((line) => JSON.parse(line) as Click),
      filter((click) => !click.bot),
      map(({ page, at }) => ({ page, at, bot: false })),
    )
    .subscribe((click) => job.add(click))
  return job.finish()
}

async function* eachLine(lines: Lines): AsyncGenerator<string> {
  yield* linesOf(lines)
}

async function* parsed(lines: AsyncIterable<string>): AsyncGenerator<Click> {
  for await (const line of lines) yield JSON.parse(line) as Click
}

async function* people(clicks: AsyncIterable<Click>): AsyncGenerator<Click> {
  for await (const click of clicks) if (!click.bot) yield { page: click.page, at: click.at, bot: false }
}

/** The same as a chain of async generators. */
export async function forawait(lines: Lines): Promise<Counted> {
  const job = new HandWritten()
  for await (const click of people(parsed(eachLine(lines)))) job.add(click)
  return job.finish()
}
