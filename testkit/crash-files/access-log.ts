import { closeSync, openSync, writeSync } from 'node:fs'
import type { Random } from '../random.ts'

const agents = [
  'Mozilla/5.0 (X11; Linux x86_64)',
  'Mozilla/5.0 (Macintosh)',
  'Googlebot/2.1 (+http://www.google.com/bot.html)',
]
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/**
 * Writes a log in Apache's combined format: a request about every 20 ms of event time, up to 15 s out of order, with
 * bots, repeated lines, lines that are no requests, and some far too late.
 */
export function writeAccessLog(path: string, lines: number, random: Random): void {
  const file = openSync(path, 'w')
  let block = ''
  let line = ''
  for (let i = 0; i < lines; i++) {
    if (random() >= 0.01 || line === '') line = makeLine(i, random)
    block += `${line}\n`
    if (block.length > 1 << 20 || i === lines - 1) {
      writeSync(file, block)
      block = ''
    }
  }
  closeSync(file)
}

function makeLine(i: number, random: Random): string {
  if (random() < 0.001) return 'this is no request'
  const behind = random() < 0.002 ? 600_000 * random() : 15_000 * random() ** 4
  const time = formatTime(Date.UTC(2026, 0, 1) + i * 20 - behind)
  const host = `10.0.${Math.floor(random() * 16)}.${Math.floor(random() * 256)}`
  const page = Math.floor(200 * random() ** 2)
  const agent = agents[Math.floor(random() * agents.length)] ?? ''
  return `${host} - - [${time}] "GET /page/${page} HTTP/1.1" 200 ${Math.floor(random() * 50_000)} "-" "${agent}"`
}

function formatTime(ms: number): string {
  const date = new Date(ms)
  const two = (n: number): string => String(n).padStart(2, '0')
  const day = `${two(date.getUTCDate())}/${months[date.getUTCMonth()] ?? ''}/${date.getUTCFullYear()}`
  return `${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`
}
