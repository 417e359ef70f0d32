/** Something that goes wrong. All that it names must fit; without names it fits every call. */
export interface Fault {
  /** `GetRecords`, `PutRecords`, `SubscribeToShard`, …  @default any */
  readonly operation?: string
  /** Name of the stream. @default any */
  readonly stream?: string
  /** @default any; calls that name no shard fit none */
  readonly shard?: string
  /** Of how many calls in a row; then it is over. @default until it is removed */
  readonly times?: number
  /** Of how many calls in 1. @default 1 */
  readonly probability?: number
  readonly kind:
    | { readonly type: 'error'; readonly code: string; readonly message?: string; readonly status?: number }
    /** The connection is cut before anything is done. */
    | { readonly type: 'cut' }
    /** It is done, and the connection is cut in place of an answer. */
    | { readonly type: 'lost reply' }
    /** It is done at once and answered so much later, in ms of the real clock. */
    | { readonly type: 'slow'; readonly ms: number }
    /** Some entries of PutRecords are refused, each by chance. */
    | { readonly type: 'partial'; readonly code: string; readonly of: number }
    /** Of GetShardIterator: so many answers without records come first, whatever there is. */
    | { readonly type: 'empty pages'; readonly pages: number }
    /** An error within a subscription, before the next event. */
    | { readonly type: 'in stream'; readonly code: string; readonly message?: string }
    /** A subscription is cut, before the next event. */
    | { readonly type: 'cut stream' }
    /** A subscription stays open and gives no events any more, as over a connection that is dead and does not know it. */
    | { readonly type: 'silent stream' }
}

/** A fault that was injected. */
export interface Injected {
  /** How often it has happened. */
  readonly hits: number
  remove(): void
}

/** What a call names. */
export interface Call {
  readonly operation: string
  readonly stream?: string | undefined
  readonly shard?: string | undefined
}

class ActiveFault implements Injected {
  readonly fault: Fault
  hits = 0
  isRemoved = false

  constructor(fault: Fault) {
    this.fault = fault
  }

  remove(): void {
    this.isRemoved = true
  }

  fits({ operation, stream, shard }: Call): boolean {
    const { fault } = this
    if (this.isRemoved || this.hits >= (fault.times ?? Infinity)) return false
    const isOf = (wanted: string | undefined, given: string | undefined): boolean =>
      wanted === undefined || wanted === given
    return isOf(fault.operation, operation) && isOf(fault.stream, stream) && isOf(fault.shard, shard)
  }
}

/** The faults of a server. */
export class Faults {
  #active: ActiveFault[] = []
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  inject(fault: Fault): Injected {
    const active = new ActiveFault(fault)
    this.#active.push(active)
    return active
  }

  clear(): void {
    this.#active = []
  }

  /** What happens to a call, of these types. */
  meet<T extends Fault['kind']['type']>(
    call: Call,
    types: readonly T[],
  ): Extract<Fault['kind'], { type: T }> | undefined {
    for (const active of this.#active) {
      const { kind, probability = 1 } = active.fault
      if (!(types as readonly string[]).includes(kind.type) || !active.fits(call)) continue
      if (probability < 1 && this.#random() >= probability) continue
      active.hits++
      return kind as Extract<Fault['kind'], { type: T }>
    }
    return undefined
  }

  /** Whether one entry of a `partial` fault is refused. */
  chance(of: number): boolean {
    return this.#random() < of
  }
}
