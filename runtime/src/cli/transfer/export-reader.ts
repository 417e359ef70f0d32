import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { badOption, MillraceError } from '@millrace/core'
import {
  type ExportEnd,
  type ExportHead,
  type ExportPart,
  exportVersion,
  partNames,
  partOf,
  type ReadLine,
} from './export-format.ts'

const blockBytes = 1024 * 1024
const newline = 10

/** Reads an export, part by part. */
export class ExportReader implements AsyncDisposable {
  readonly #path: string
  readonly #file: FileHandle
  readonly #hash = createHash('sha256')
  #buffer: Buffer = Buffer.alloc(0)

  private constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  /** Rejects with BAD_OPTION where there is no such file. */
  static async open(path: string): Promise<ExportReader> {
    try {
      return new ExportReader(path, await open(path))
    } catch (error) {
      throw badOption(`file: ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /** Comes first. Rejects with BAD_OPTION for another file, or one of a later version. */
  async head(): Promise<ExportHead> {
    const head = parsed(await this.#line().catch(() => undefined)) as Partial<ExportHead> | undefined
    if (head?.format !== 'millrace-export' || typeof head.version !== 'number')
      throw badOption(`file: ${this.#path} is none that \`millrace checkpoints export\` wrote`)
    if (head.version > exportVersion)
      throw badOption(`file: ${this.#path} is of version ${head.version}: a later Millrace wrote it; upgrade`)
    return head as ExportHead
  }

  /** What is given before it rejects with CORRUPT_STATE must not be used: only at the end is it known to be whole. */
  async *parts(): AsyncGenerator<ExportPart> {
    for (let parts = 0; ; parts++) {
      const sha256 = this.#hash.copy().digest('hex')
      const line = parsed(await this.#line()) as ReadLine | ExportEnd | undefined
      if (line === undefined) throw this.#damaged(`part ${parts + 1} is no line of JSON`)
      if (line.part === 'end') return this.#check(line, parts, sha256)
      if (!partNames.includes(line.part)) throw this.#damaged(`part ${parts + 1} is of no kind that there is`)
      yield partOf(line, line.bytes === undefined ? new Uint8Array() : await this.#block(line.bytes))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }

  #check(end: ExportEnd, parts: number, sha256: string): void {
    if (end.parts !== parts) throw this.#damaged(`it has ${parts} parts, not ${end.parts}`)
    if (end.sha256 !== sha256) throw this.#damaged('its SHA-256 differs')
  }

  async #line(): Promise<string> {
    let end = -1
    while ((end = this.#buffer.indexOf(newline)) === -1) await this.#fill()
    return this.#take(end + 1).toString('utf8', 0, end)
  }

  /** With the line end behind it, which is not part of it. */
  async #block(length: number): Promise<Uint8Array> {
    while (this.#buffer.length < length + 1) await this.#fill()
    return new Uint8Array(this.#take(length + 1).subarray(0, length))
  }

  #take(length: number): Buffer {
    const taken = this.#buffer.subarray(0, length)
    this.#hash.update(taken)
    this.#buffer = this.#buffer.subarray(length)
    return taken
  }

  /** Grows with what is there, so that a large blob is not copied for each block of it. */
  async #fill(): Promise<void> {
    const block = Buffer.alloc(Math.max(blockBytes, this.#buffer.length))
    const { bytesRead } = await this.#file.read(block)
    if (bytesRead === 0) throw this.#damaged('it ends too early')
    this.#buffer = Buffer.concat([this.#buffer, block.subarray(0, bytesRead)])
  }

  #damaged(what: string): MillraceError {
    return new MillraceError('CORRUPT_STATE', `${this.#path}: ${what}; take another copy of it`)
  }
}

function parsed(line: string | undefined): unknown {
  try {
    const value: unknown = JSON.parse(line ?? '')
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
