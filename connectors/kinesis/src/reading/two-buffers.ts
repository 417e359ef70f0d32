/**
 * Two pieces of memory in turn: what a reader gives may be used again from the second answer after it, see `Slab`. They grow as needed.
 */
export class TwoBuffers {
  #buffers: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)]
  #turn = 0

  /** At least so many bytes, which stay as they are until the call after the next. */
  next(bytes: number): Buffer {
    this.#turn = 1 - this.#turn
    if ((this.#buffers[this.#turn] as Buffer).length < bytes) this.#buffers[this.#turn] = Buffer.allocUnsafeSlow(bytes)
    return this.#buffers[this.#turn] as Buffer
  }
}
