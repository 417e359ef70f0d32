// The same windows as topology.ts, by a script that knows nothing of Millrace: for checking, not for learning.
//   node examples/access-log/plain.ts access.log tumbling|sliding
import { readFileSync } from 'node:fs'

interface PlainWindow {
  readonly path: string
  readonly start: number
  readonly end: number
  readonly views: number
  readonly visitors: number
  readonly bytes: number
}

/** Where each line of a log went, and what the windows hold. */
export interface PlainResult {
  readonly windows: readonly PlainWindow[]
  readonly lines: number
  readonly undecodable: number
  readonly bots: number
  readonly duplicates: number
  /** Lines that came too late for at least one of their windows. */
  readonly late: number
}

const minute = 60_000
const outOfOrderness = 10_000
const dedupeWithin = 10 * minute
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const combined =
  /^(\S+) (\S+) (.+?) \[(\d\d)\/(\w{3})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+|-) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"$/
const bot = /bot|crawl|spider|slurp/i

interface Request {
  readonly host: string
  readonly at: number
  readonly method: string
  readonly path: string
  readonly bytes: number
  readonly agent: string
}

function parse(line: string): Request | undefined {
  const found = combined.exec(line)
  if (!found) return undefined
  const [
    ,
    host = '',
    ,
    ,
    day,
    month = '',
    year,
    hour,
    minutes,
    second,
    sign,
    zoneHours,
    zoneMinutes,
    request = '',
    ,
    bytes,
    ,
    agent = '',
  ] = found
  const [method = '', path = ''] = request.split(' ')
  const zone = (sign === '-' ? -1 : 1) * (Number(zoneHours) * 60 + Number(zoneMinutes)) * minute
  const at =
    Date.UTC(Number(year), months.indexOf(month), Number(day), Number(hour), Number(minutes), Number(second)) - zone
  return { host, at, method, path, bytes: bytes === '-' ? 0 : Number(bytes), agent }
}

/** Counts a log the naïve way: everything in memory, every window by itself. */
export function plain(text: string, kind: 'tumbling' | 'sliding'): PlainResult {
  const [size, every] = kind === 'tumbling' ? [minute, minute] : [5 * minute, minute]
  const windows = new Map<string, { path: string; start: number; views: number; hosts: Set<string>; bytes: number }>()
  const seen = new Map<string, number[]>()
  const tally = { lines: 0, undecodable: 0, bots: 0, duplicates: 0, late: 0 }
  let watermark = -Infinity
  for (const line of text.split('\n')) {
    if (line === '') continue
    tally.lines++
    const request = parse(line)
    if (request === undefined) {
      tally.undecodable++
      continue
    }
    const { host, at, method, path, bytes, agent } = request
    const mark = watermark
    watermark = Math.max(watermark, at - outOfOrderness)
    if (bot.test(agent)) {
      tally.bots++
      continue
    }
    const id = `${host} ${at} ${method} ${path}`
    const times = seen.get(id) ?? []
    if (times.some((time) => Math.abs(time - at) < dedupeWithin)) {
      tally.duplicates++
      continue
    }
    seen.set(id, [...times, at])
    let missed = false
    for (let start = Math.floor(at / every) * every; start > at - size; start -= every) {
      if (start + size <= mark) {
        missed = true
        continue
      }
      const key = `${start} ${path}`
      const window = windows.get(key) ?? { path, start, views: 0, hosts: new Set<string>(), bytes: 0 }
      windows.set(key, window)
      window.views++
      window.hosts.add(host)
      window.bytes += bytes
    }
    if (missed) tally.late++
  }
  const rows = [...windows.values()].map(({ path, start, views, hosts, bytes }) => ({
    path,
    start,
    end: start + size,
    views,
    visitors: hosts.size,
    bytes,
  }))
  return { windows: rows, ...tally }
}

if (import.meta.main) {
  const [file = '', kind = 'sliding'] = process.argv.slice(2)
  const { windows, ...tally } = plain(readFileSync(file, 'utf8'), kind === 'tumbling' ? 'tumbling' : 'sliding')
  for (const window of windows) console.log(JSON.stringify(window))
  console.error(
    JSON.stringify({ ...tally, windows: windows.length, views: windows.reduce((sum, { views }) => sum + views, 0) }),
  )
}
