const counterDigits = 24
const shardDigits = 18

/**
 * Sequence numbers of one stream: 56 digits, growing with every one that is given. They begin with when the stream was created,
 * so that those of a stream created anew are larger.
 */
export class SequenceNumbers {
  readonly #prefix: string
  #given = 0n

  constructor(createdAt: number) {
    this.#prefix = `49${String(Math.floor(createdAt)).padStart(14, '0').slice(-12)}`
  }

  next(shard: number): string {
    const counter = String(++this.#given).padStart(counterDigits, '0')
    return `${this.#prefix}${counter}${String(shard).padStart(shardDigits, '0')}`
  }
}
