import type { Socket } from 'node:net'

/** What happens to the bytes of one direction. */
export interface Fault {
  /** `stall` holds all of them back, `drop` loses them. */
  readonly mode: 'pass' | 'stall' | 'drop'
  /** How long each of them is on its way. */
  readonly delayMs: number
}

/** What comes out of a socket: bytes, that there are no more, or that the other side is gone. */
type Item = Buffer | 'end' | 'reset'

const limitBytes = 1024 * 1024

/**
 * One direction of a connection:
 *
 *     source ──► queue (bounded, each item with the time it is due) ──► destination
 *
 * The news that a side has ended or is gone goes the way of its bytes: a fault withholds it as well.
 */
export class Flow {
  readonly #source: Socket
  readonly #destination: Socket
  readonly #fault: () => Fault
  readonly #queue: { readonly item: Item; readonly due: number }[] = []
  #queuedBytes = 0
  #destinationIsFull = false
  #hasLost = false
  #timer: NodeJS.Timeout | undefined

  constructor(source: Socket, destination: Socket, fault: () => Fault) {
    this.#source = source
    this.#destination = destination
    this.#fault = fault
    source.on('data', (bytes) => this.#take(bytes))
    source.on('end', () => this.#take('end'))
    source.on('error', () => {}) // the close that follows says it
    source.on('close', (isBroken) => {
      if (isBroken || !source.readableEnded) this.#take('reset')
    })
    destination.on('drain', () => {
      this.#destinationIsFull = false
      this.update()
    })
    destination.on('close', () => {
      this.#clear()
      this.update()
    })
  }

  /** Whether it would go on behind a gap, which TCP never does. */
  get hasGap(): boolean {
    return this.#hasLost && this.#fault().mode === 'pass'
  }

  #take(item: Item): void {
    if (this.#destination.destroyed) return
    this.#queue.push({ item, due: performance.now() + this.#fault().delayMs })
    this.#queuedBytes += sizeOf(item)
    this.update()
  }

  /** Does what is due, by the present fault. */
  update(): void {
    clearTimeout(this.#timer)
    const { mode } = this.#fault()
    if (mode === 'drop') this.#drop()
    if (mode === 'pass') this.#pass()
    if (this.#queuedBytes < limitBytes) this.#source.resume()
    else this.#source.pause()
  }

  #drop(): void {
    this.#hasLost ||= this.#queue.length > 0
    this.#clear()
  }

  #clear(): void {
    this.#queue.length = 0
    this.#queuedBytes = 0
  }

  #pass(): void {
    for (let [next] = this.#queue; next !== undefined && !this.#destinationIsFull; [next] = this.#queue) {
      const waitMs = next.due - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.update(), waitMs)
        return
      }
      this.#queue.shift()
      this.#queuedBytes -= sizeOf(next.item)
      this.#deliver(next.item)
    }
  }

  #deliver(item: Item): void {
    if (item === 'end') this.#destination.end()
    else if (item === 'reset') this.#destination.resetAndDestroy()
    else this.#destinationIsFull = !this.#destination.write(item)
  }
}

const sizeOf = (item: Item): number => (typeof item === 'string' ? 0 : item.length)
