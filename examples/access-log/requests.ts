import type { AccessLogRecord, Source } from '@millrace/core'
import { generate } from '@millrace/file'

const pages = [
  '/',
  '/docs',
  '/docs/windows',
  '/docs/exactly-once',
  '/blog',
  '/blog/launch',
  '/pricing',
  '/download',
] as const
const agents = [
  'Mozilla/5.0 (X11; Linux x86_64)',
  'Mozilla/5.0 (iPhone)',
  'Googlebot/2.1 (+http://www.google.com/bot.html)',
] as const

/** Requests for those who have no log at hand: ten a second, up to 8 s out of order, a few of them far too late. */
export const madeUpRequests = (count: number): Source<AccessLogRecord> =>
  generate(
    (random, i) => {
      const behind = random.chance(0.002) ? 600_000 : random.next() ** 4 * 8_000
      return {
        host: `10.0.0.${random.skewed(250)}`,
        at: Math.floor(Date.UTC(2026, 0, 1) + i * 100 - behind),
        method: 'GET',
        path: pages[random.skewed(pages.length)] ?? '/',
        protocol: 'HTTP/1.1',
        status: 200,
        bytes: 200 + random.below(20_000),
        agent: random.pick(agents),
      }
    },
    { count, seed: 7 },
  )
