import { createHash } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { type ExportEnd, type ExportHead, type ExportPart, partLine } from './export-format.ts'

/** Writes an export: to a file beside the one that is meant, which takes its name when all of it is on the disk. */
export class ExportWriter implements AsyncDisposable {
  readonly #path: string
  readonly #file: FileHandle
  readonly #hash = createHash('sha256')
  #parts = 0
  #bytes = 0
  #isWhole = false

  private constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  static async create(path: string, head: ExportHead): Promise<ExportWriter> {
    const writer = new ExportWriter(path, await open(unfinished(path), 'w'))
    await writer.#line(head)
    return writer
  }

  async write(part: ExportPart): Promise<void> {
    const { line, bytes } = partLine(part)
    await this.#line(line)
    if (bytes !== undefined) {
      await this.#put(bytes)
      await this.#put(Buffer.from('\n'))
    }
    this.#parts++
  }

  /** @returns its size in bytes */
  async end(): Promise<number> {
    const end: ExportEnd = { part: 'end', parts: this.#parts, sha256: this.#hash.copy().digest('hex') }
    await this.#line(end)
    await this.#file.sync()
    await rename(unfinished(this.#path), this.#path)
    this.#isWhole = true
    return this.#bytes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
    if (!this.#isWhole) await rm(unfinished(this.#path), { force: true })
  }

  #line(value: object): Promise<void> {
    return this.#put(Buffer.from(`${JSON.stringify(value)}\n`))
  }

  async #put(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes)
    this.#bytes += bytes.length
    await this.#file.writeFile(bytes)
  }
}

const unfinished = (path: string): string => `${path}.unfinished`
