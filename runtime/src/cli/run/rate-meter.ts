interface Sample {
  readonly elapsedMs: number
  readonly records: number
}

const overMs = 3_000

/** The rate of the last seconds, so that a stall shows at once. */
export class RateMeter {
  #samples: readonly Sample[] = [{ elapsedMs: 0, records: 0 }]

  /** @returns records a second */
  add(now: Sample): number {
    const recent = this.#samples.filter(({ elapsedMs }) => elapsedMs >= now.elapsedMs - overMs)
    const since = recent[0] ?? this.#samples.at(-1) ?? now
    this.#samples = [...recent, now]
    const ms = now.elapsedMs - since.elapsedMs
    return ms > 0 ? ((now.records - since.records) / ms) * 1000 : 0
  }
}
