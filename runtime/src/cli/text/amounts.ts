const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** A number of things: `1,234,567`. */
export const count = (n: number): string => grouped.format(n)

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** An amount of data: `17 B`, `1.4 MiB`. */
export function bytes(n: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(n, 1)) / 10), units.length - 1)
  return `${power === 0 ? n : (n / 1024 ** power).toFixed(1)} ${units[power]}`
}

const steps = [
  ['d', 86_400_000, 'h', 3_600_000],
  ['h', 3_600_000, 'm', 60_000],
  ['m', 60_000, 's', 1_000],
] as const

/** A span of time in its two largest units: `850ms`, `4.2s`, `3m 20s`, `2h 5m`. */
export function span(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))}ms`
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toString()}s`
  const [unit, size, next, nextSize] = steps.find(([, length]) => ms >= length) ?? steps[2]
  const rest = Math.floor((ms % size) / nextSize)
  return `${Math.floor(ms / size)}${unit}${rest === 0 ? '' : ` ${rest}${next}`}`
}

/** Furthest that a `Date` can say. */
const mostMs = 8.64e15

/** A moment in UTC: `2026-01-31 12:00:00Z`; words for the watermarks before all records and after them. */
export function instant(ms: number): string {
  if (ms === Infinity) return 'the end'
  if (!(Math.abs(ms) <= mostMs)) return '-'
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/(\.000)?Z$/, 'Z')
}
