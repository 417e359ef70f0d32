import type { PageWindow } from './windows.ts'

/** Two runs side by side: the first rows, and how much there is. */
export function comparison(names: readonly [string, string], runs: readonly [PageWindow[], PageWindow[]]): string {
  const [left, right] = runs
  const rows = Array.from(
    { length: 10 },
    (_, i) => `${labelOf(left[i] ?? right[i])}  ${cells(left[i])}  ${cells(right[i])}`,
  )
  const count = (windows: PageWindow[]): string => String(windows.length).padStart(width)
  return [
    `${' '.repeat(label)}  ${names[0].padStart(width)}  ${names[1].padStart(width)}`,
    `${'from   page'.padEnd(label)}  ${heads}  ${heads}`,
    ...rows,
    '…',
    `${'windows'.padEnd(label)}  ${count(left)}  ${count(right)}`,
    `${'views'.padEnd(label)}  ${total(left)}  ${total(right)}`,
  ].join('\n')
}

const label = 36
const width = 28
const heads = 'views  visitors       bytes'.padStart(width)

const labelOf = (window: PageWindow | undefined): string =>
  (window ? `${new Date(window.start).toISOString().slice(11, 16)}  ${window.path}` : '').slice(0, label).padEnd(label)

const cells = (window: PageWindow | undefined): string =>
  (window
    ? `${String(window.views).padStart(6)}  ${String(window.visitors).padStart(8)}  ${String(window.bytes).padStart(10)}`
    : '—'
  ).padStart(width)

const total = (windows: PageWindow[]): string =>
  String(windows.reduce((sum, { views }) => sum + views, 0)).padStart(width)
