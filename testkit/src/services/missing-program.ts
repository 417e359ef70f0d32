/** A program that a test needs was found nowhere; the message says what was tried. */
export class MissingProgram extends Error {
  override readonly name = 'MissingProgram'
  /** Whether tests may be skipped for want of it: not where continuous integration could have fetched it. */
  readonly excusable: boolean

  constructor(message: string, { excusable, cause }: { readonly excusable: boolean; readonly cause?: unknown }) {
    super(message, { cause })
    this.excusable = excusable
  }
}
