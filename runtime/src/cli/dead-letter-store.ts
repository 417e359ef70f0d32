import { badOption, errorCodes, type Backplane, type StoredDeadLetter } from '@millrace/core'
import { resolve } from 'node:path'
import { embeddedBackplane } from '../backplane/embedded/embedded-backplane.ts'
import { StateFile, type StateOptions } from './state-file.ts'

/** Which dead letters are meant. */
export interface LetterFilter {
  readonly code?: string
  readonly after?: number
  readonly limit?: number
}

const pageSize = 500

/** The dead letters of a state file. */
export class DeadLetterStore {
  readonly path: string
  readonly #backplane: Backplane

  constructor(options: StateOptions, cwd: string) {
    const file = StateFile.open(options, cwd)
    file.close()
    this.path = file.path
    this.#backplane = embeddedBackplane({ path: resolve(cwd, this.path) })
  }

  /** Those that the filter lets through, oldest first. */
  async list({ code, after = 0, limit = Infinity }: LetterFilter): Promise<StoredDeadLetter[]> {
    const found: StoredDeadLetter[] = []
    for (let last = after; ;) {
      const page = await this.#backplane.deadLetters({ after: last, limit: pageSize })
      for (const letter of page) {
        if (found.length >= limit) return found
        if (code === undefined || letter.code === code) found.push(letter)
      }
      if (page.length < pageSize) return found
      last = page.at(-1)?.id ?? Infinity
    }
  }

  /** Throws BAD_OPTION where there is none of this id. */
  async get(id: number): Promise<StoredDeadLetter> {
    const [letter] = await this.#backplane.deadLetters({ after: id - 1, limit: 1 })
    if (letter?.id === id) return letter
    throw badOption(`id: there is no dead letter ${id} in ${this.path}; \`millrace dlq ls\` lists them`)
  }

  /** Marks them to be read again. @returns how many */
  redrive(ids?: readonly number[]): Promise<number> {
    return this.#backplane.redrive(ids)
  }

  close(): Promise<void> {
    return this.#backplane.close()
  }
}

/** Throws BAD_OPTION for what no dead letter can have as its code. */
export function checkCode(code: string | undefined): void {
  if (code === undefined || Object.hasOwn(errorCodes, code)) return
  const meant = Object.keys(errorCodes).find((known) => known.startsWith(code) || code.startsWith(known))
  const cure = meant === undefined ? `there are ${Object.keys(errorCodes).join(', ')}` : `did you mean ${meant}?`
  throw badOption(`--code: there is no code ${JSON.stringify(code)}; ${cure}`)
}

/** Where a record came from: `source/partition@position`. */
export const originOf = ({ source, partition, position }: StoredDeadLetter): string =>
  `${source}${partition === source ? '' : `/${partition}`}@${position}`
