import { createHash } from 'node:crypto'
import { tenureId } from '@millrace/core'
import type { SinkContext } from '@millrace/core'

/** Folder inside the output folder for files that are not visible yet. Hidden, as are the files in it. */
export const stagingFolder = '.inprogress'

const longestPart = 40

/** Keeps a name readable and free of separators. */
const escape = (part: string): string =>
  encodeURIComponent(part)
    .replace(/[~'()*!]/g, percent)
    .slice(0, longestPart)
const percent = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase()}`

/** Names of the files of one task of one sink in one tenure. All hold the tenure, so no two owners ever share a name. */
export class PartNames {
  readonly #prefix: string
  readonly #owner: string
  readonly #final: string
  readonly #extension: string

  constructor({ job, sink, task, tenure }: Pick<SinkContext, 'job' | 'sink' | 'task' | 'tenure'>, extension: string) {
    const hash = createHash('sha256')
      .update(JSON.stringify([job, sink, task]))
      .digest('hex')
      .slice(0, 10)
    this.#prefix = `.${escape(job)}~${escape(sink)}~${hash}~`
    this.#owner = [escape(tenure.run), tenure.epoch, escape(tenure.nonce)].join('~')
    this.#final = `${escape(sink)}-${hash}-${encodeURIComponent(tenureId(tenure))}`
    this.#extension = extension
  }

  /** Name of the `count`-th file while it is written. */
  inProgress(count: number): string {
    return `${this.#prefix}${this.#owner}~${count}.inprogress`
  }

  /** Name of the `count`-th file once it is visible; `seq` is of the checkpoint that it was prepared for. */
  final(seq: number, count: number): string {
    return `${this.#final}-${seq}-${count}${this.#extension}`
  }

  /** Epoch of a file in progress; undefined if it belongs to another task or sink. */
  epochOf(name: string): number | undefined {
    if (!name.startsWith(this.#prefix)) return undefined
    const epoch = Number(name.slice(this.#prefix.length).split('~')[1])
    return Number.isInteger(epoch) ? epoch : undefined
  }
}
