/**
 * Random numbers that depend on a seed and an index only, so the record at an index can be made without those before it.
 * Valid during the call it is handed to.
 */
export class Random {
  readonly #seed: number
  #state = 0

  constructor(seed: number) {
    this.#seed = mix(Math.imul(seed, 0x9e37_79b1) ^ Math.floor(seed / 2 ** 32))
  }

  /** Goes to the numbers of an index. */
  at(index: number): this {
    this.#state = mix(this.#seed ^ mix(index ^ Math.imul(Math.floor(index / 2 ** 32) + 1, 0x85eb_ca6b)))
    return this
  }

  /** From 0 up to, not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x9e37_79b9) | 0
    return mix(this.#state) / 2 ** 32
  }

  /** A whole number from 0 up to, not including, `count`. */
  below(count: number): number {
    return Math.floor(this.next() * count)
  }

  /** One like {@link below}, where small ones are far more likely: the first few make up most of what is drawn. */
  skewed(count: number): number {
    return Math.floor((count + 1) ** this.next()) - 1
  }

  /** One of a list. */
  pick<const L extends readonly [unknown, ...unknown[]]>(list: L): L[number] {
    return list[this.below(list.length)]
  }

  /** True so often of 1. */
  chance(probability: number): boolean {
    return this.next() < probability
  }
}

/** Spreads the bits of a number over 32 (the finaliser of MurmurHash3). */
function mix(value: number): number {
  value = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2_ae35)
  return (value ^ (value >>> 16)) >>> 0
}
