import type { AccessLogLayout, AccessLogRecord } from '../../../src/codecs/access-log/record.ts'

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const quoted = '"((?:[^"\\\\]|\\\\[^])*)"'
const common = `([^ ]+) [^ ]+ ([^[]*) \\[([^\\]]{26})\\] ${quoted} (\\d{3}|-) (\\d{1,15}|-)`
const patterns: Readonly<Record<AccessLogLayout, RegExp>> = {
  common: new RegExp(`^${common}$`),
  combined: new RegExp(`^${common} ${quoted} ${quoted}$`),
  nginx: new RegExp(`^${common} ${quoted} ${quoted}(?: [^]*)?$`),
}

/** The same as the scanner in the plainest way: by one regular expression a format. */
export function readByPattern(layout: AccessLogLayout, bytes: Uint8Array): AccessLogRecord | undefined {
  const line = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  const match = patterns[layout].exec(line)
  const at = match ? timeOf(match[3]!) : NaN
  if (!match || Number.isNaN(at)) return undefined
  const [, host = '', user = '', , request = '', status = '', size = '', referer, agent] = match
  const [, method = '', rest = ''] = /^(?:([A-Z-]+) )?([^]*)$/.exec(request === '-' ? '' : request) ?? []
  const space = rest.lastIndexOf(' ')
  const hasProtocol = space >= 0 && rest.startsWith('HTTP/', space + 1)
  return {
    host: unescaped(host.replaceAll('\\', '\\\\')),
    user: user === '-' ? undefined : unescaped(user),
    at,
    method,
    path: unescaped(hasProtocol ? rest.slice(0, space) : rest),
    protocol: unescaped(hasProtocol ? rest.slice(space + 1) : ''),
    status: status === '-' ? 0 : Number(status),
    bytes: size === '-' ? 0 : Number(size),
    referer: referer === undefined || referer === '-' ? undefined : unescaped(referer),
    agent: agent === undefined || agent === '-' ? undefined : unescaped(agent),
  }
}

function unescaped(text: string): string {
  const plain = text.replace(/\\(x[0-9a-fA-F]{2}|["\\bfnrtv])/g, (_, what: string) => {
    if (what.startsWith('x')) return String.fromCharCode(Number.parseInt(what.slice(1), 16))
    return ({ b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' } as Record<string, string>)[what] ?? what
  })
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(plain, (char) => char.charCodeAt(0)))
}

function timeOf(text: string): number {
  const match = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/.exec(text)
  const month = months.indexOf(match?.[2] ?? '') + 1
  if (!match || month === 0) return NaN
  const [, day, , year, hour, minute, second, sign, zoneHour, zoneMinute] = match
  const date = Date.parse(`${year}-${String(month).padStart(2, '0')}-${day}T00:00:00Z`)
  if (new Date(date).getUTCDate() !== Number(day)) return NaN
  if (
    Number(hour) > 23 ||
    Number(minute) > 59 ||
    Number(second) > 60 ||
    Number(zoneHour) > 23 ||
    Number(zoneMinute) > 59
  )
    return NaN
  const zone = (Number(zoneHour) * 60 + Number(zoneMinute)) * (sign === '-' ? -1 : 1)
  return date + ((Number(hour) * 60 + Number(minute) - zone) * 60 + Number(second)) * 1_000
}
