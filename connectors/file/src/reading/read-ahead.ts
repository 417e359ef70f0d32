import type { Feed, Next } from './chunk.ts'

/** Reads the next chunk of a feed while the last one is worked on. */
export class ReadAhead implements Feed {
  readonly #feed: Feed
  #ahead: Promise<Next> | undefined

  constructor(feed: Feed) {
    this.#feed = feed
  }

  get size(): number | undefined {
    return this.#feed.size
  }

  next(): Promise<Next> {
    const next = this.#ahead ?? this.#feed.next()
    this.#ahead = undefined
    return next
  }

  /** Begins with the next chunk. */
  begin(): void {
    this.#ahead ??= this.#feed.next()
    // Whoever calls `next` gets the error; until then nobody listens.
    this.#ahead.catch(() => undefined)
  }

  release(): void {
    if (this.#ahead === undefined) this.#feed.release()
  }

  finish(): Promise<void> {
    return this.#feed.finish()
  }

  async close(): Promise<void> {
    await this.#ahead?.catch(() => undefined)
    await this.#feed.close()
  }
}
