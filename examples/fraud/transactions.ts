import type { Source } from '@millrace/core'
import { generate } from '@millrace/file'

/** One use of a card. */
export interface Transaction {
  readonly card: string
  readonly amount: number
  readonly country: string
  /** When, in ms since 1970. */
  readonly at: number
}

const countries = ['DE', 'FR', 'NL', 'US'] as const

/** Cards in use, two a second: now and then one is charged again and again, or turns up far from home. */
export const transactions = (count: number): Source<Transaction> =>
  generate(
    (random, i) => {
      const isSpree = i % 500 < 12
      const card = isSpree ? `card-${Math.floor(i / 500)}` : `card-${random.below(200)}`
      return {
        card,
        amount: isSpree ? 300 + random.below(200) : 5 + random.below(80),
        country: random.chance(0.01) ? random.pick(countries) : 'DE',
        at: Date.UTC(2026, 0, 1) + i * 500,
      }
    },
    { count, seed: 11 },
  )
