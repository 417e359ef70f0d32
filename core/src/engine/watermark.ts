/** What the engine knows of one partition of a source. */
export interface PartitionState {
  readonly source: string
  readonly id: string
  /** Greatest event time seen − outOfOrderness, in ms since 1970; never goes back. */
  watermark: number
  /** Rows taken so far, refused ones included: the sequence number of the next. */
  count: number
  /** Silent at its tip for long enough not to hold the others back. */
  idle: boolean
  ended: boolean
}

/**
 * The watermark of a source: the minimum over its partitions that are neither ended nor idle.
 *
 * - none known yet: −Infinity
 * - all idle, or all ended while others may come: it stays
 * - all ended and the list is final: +Infinity
 */
export class SourceProgress {
  readonly name: string
  readonly partitions: Map<string, PartitionState> = new Map()
  /** Those that have not ended, and some that have: a job reads thousands of files, few at a time. */
  readonly #live = new Set<PartitionState>()
  watermark: number = -Infinity
  final = false

  constructor(name: string) {
    this.name = name
  }

  /**
   * Registers a partition. One that follows others starts at the lowest of their watermarks, so that the minimum
   * cannot pass what it has yet to bring; one that follows nothing starts at the present minimum. Of a merge the first
   * parent to end registers the child and the last one decides where it starts: whichever that was, the same. Where its
   * parents were read by others, `from` says where they ended.
   */
  add(id: string, parents: readonly string[] = [], from: number = this.watermark): PartitionState {
    const known = this.partitions.get(id)
    if (known !== undefined && known.count > 0) return known
    const before = parents.map((parent) => this.partitions.get(parent)?.watermark ?? this.watermark)
    const watermark = before.length > 0 ? Math.min(...before) : from
    if (known === undefined) return this.#register(id, watermark)
    if (before.length > 0) known.watermark = Math.max(known.watermark, watermark)
    return known
  }

  #register(id: string, watermark: number): PartitionState {
    const partition = { source: this.name, id, watermark, count: 0, idle: false, ended: false }
    this.partitions.set(id, partition)
    this.#live.add(partition)
    return partition
  }

  /** Takes the watermark as far as the partitions allow. */
  update(): void {
    let least = Infinity
    let active = 0
    for (const partition of this.#live) {
      if (partition.ended) this.#live.delete(partition)
      else if (!partition.idle) {
        active++
        if (partition.watermark < least) least = partition.watermark
      }
    }
    if (active === 0 && !(this.final && this.#live.size === 0)) return
    if (least > this.watermark) this.watermark = least
  }

  /** The minimum over all active partitions but one; Infinity when it is the only one. */
  without(partition: PartitionState): number {
    let least = Infinity
    for (const other of this.#live) {
      if (other !== partition && !other.ended && !other.idle && other.watermark < least) least = other.watermark
    }
    return least
  }

  /** The watermark to store: the end of the input counts as the furthest that any partition came. */
  stored(): number {
    if (this.watermark !== Infinity) return this.watermark
    let furthest = -Infinity
    for (const { watermark } of this.partitions.values()) furthest = Math.max(furthest, watermark)
    return furthest
  }
}
