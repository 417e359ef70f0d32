/** How far event time has come for an operator, and how much of that is stored. */
export abstract class Watermarked {
  /** Everything up to here has fired. */
  watermark: number = -Infinity
  #beforeEnd = -Infinity

  /**
   * Moves the watermark on. The end of the input (Infinity) fires everything; `explains` is the finite watermark that would
   * have fired as much. That is what is stored: more may come, should the job be started again over more input.
   */
  protected reach(to: number, explains: number): void {
    if (to === Infinity) this.#beforeEnd = explains
    this.watermark = to
  }

  storedWatermark(): number {
    return this.watermark === Infinity ? this.#beforeEnd : this.watermark
  }
}
