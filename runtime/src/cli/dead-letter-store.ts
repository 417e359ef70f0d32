import { badOption, errorCodes, type StoredDeadLetter } from '@millrace/core'
import type { JobState } from './state/job-state.ts'

/** Which dead letters are meant. */
export interface LetterFilter {
  readonly code?: string
  readonly after?: number
  readonly limit?: number
}

const pageSize = 500

/** The dead letters of a job. */
export class DeadLetterStore {
  readonly #where: string
  readonly #letters: JobState['letters']

  constructor({ where, letters }: Pick<JobState, 'where' | 'letters'>) {
    this.#where = where
    this.#letters = letters
  }

  /** Those that the filter lets through, oldest first. */
  async list({ code, after = 0, limit = Infinity }: LetterFilter): Promise<StoredDeadLetter[]> {
    const found: StoredDeadLetter[] = []
    for (let last = after; ;) {
      const page = await this.#letters.deadLetters({ after: last, limit: pageSize })
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
    const [letter] = await this.#letters.deadLetters({ after: id - 1, limit: 1 })
    if (letter?.id === id) return letter
    throw badOption(`id: there is no dead letter ${id} in ${this.#where}; \`millrace dlq ls\` lists them`)
  }

  /** Marks them to be read again. @returns how many */
  redrive(ids?: readonly number[]): Promise<number> {
    return this.#letters.redrive(ids)
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
