import type { Source } from '@millrace/core'
import { eventTimes } from './event-times.ts'
import type { EventTimeOptions } from './event-times.ts'
import { generate } from './generate.ts'
import type { GeneratedMeta } from './generate.ts'

/** Somebody looked at a page. */
export interface PageView {
  readonly user: string
  readonly page: string
  /** When, in ms since 1970. */
  readonly at: number
  /** How long the page took. */
  readonly ms: number
  readonly country: string
  readonly bot: boolean
}

/** Options of {@link pageViews}. */
export interface PageViewOptions extends EventTimeOptions {
  /** @default 1_000 */
  readonly pages?: number
  /** @default 10_000 */
  readonly users?: number
}

const countries = ['DE', 'FR', 'IN', 'JP', 'NL', 'US'] as const

/** Views of a web site: few pages get most of them, a tenth comes from bots, times are slightly out of order. */
export function pageViews(options: PageViewOptions = {}): Source<PageView, GeneratedMeta> {
  const { pages = 1_000, users = 10_000 } = options
  const timeOf = eventTimes(options)
  return generate(
    (random, index) => ({
      user: `u${random.below(users)}`,
      page: `/page/${random.skewed(pages)}`,
      at: timeOf(random, index),
      ms: 5 + Math.floor(-Math.log(1 - random.next()) * 60),
      country: random.pick(countries),
      bot: random.chance(0.1),
    }),
    options,
  )
}
