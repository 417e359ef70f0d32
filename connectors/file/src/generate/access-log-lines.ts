import { Random } from './random.ts'

/** Options of {@link accessLogLines}. */
export interface AccessLogLinesOptions {
  /** Decides all lines. @default 1 */
  readonly seed?: number
  /** How many. */
  readonly lines: number
  /** When the first request came, in ms since 1970. @default 2026-01-01 UTC */
  readonly start?: number
}

const methods = ['GET', 'GET', 'GET', 'GET', 'GET', 'GET', 'POST', 'HEAD'] as const
const statuses = [200, 200, 200, 200, 200, 200, 200, 206, 301, 304, 304, 403, 404, 500] as const
const sections = ['articles', 'assets', 'blog', 'files', 'images', 'projects'] as const
const endings = ['', '.html', '.css', '.js', '.png'] as const
const agents = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/604.1',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'curl/8.14.1',
  '-',
] as const
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Lines of a web server's access log in the combined format, about ten a second, without line ends. */
export function* accessLogLines({
  seed = 1,
  lines,
  start = Date.UTC(2026, 0, 1),
}: AccessLogLinesOptions): Generator<string> {
  const random = new Random(seed)
  for (let i = 0; i < lines; i++) yield line(random.at(i), start + i * 100)
}

function line(random: Random, time: number): string {
  const host = `${random.pick([10, 83, 178, 203])}.${random.below(256)}.${random.below(256)}.${1 + random.skewed(254)}`
  const user = random.chance(0.02) ? `user${random.below(50)}` : '-'
  const path = `/${random.pick(sections)}/${random.skewed(500)}${random.pick(endings)}`
  const status = random.pick(statuses)
  const bytes = status === 304 ? '-' : 200 + random.skewed(300_000)
  const referer = random.chance(0.4) ? '-' : `http://www.example.com/${random.pick(sections)}/`
  const request = `${random.pick(methods)} ${path} HTTP/1.1`
  return `${host} - ${user} [${written(time)}] "${request}" ${status} ${bytes} "${referer}" "${random.pick(agents)}"`
}

/** `25/Nov/2026:21:03:07 +0000`. */
function written(time: number): string {
  const date = new Date(time)
  const day = String(date.getUTCDate()).padStart(2, '0')
  return `${day}/${months[date.getUTCMonth()]}/${date.getUTCFullYear()}:${date.toISOString().slice(11, 19)} +0000`
}
