/** A column of a {@link table}. */
export interface Column {
  readonly title: string
  /** @default 'left' */
  readonly align?: 'left' | 'right'
}

/** Rows under their titles, as wide as they need; every line ends where its text ends. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map(({ title }) => title), ...rows.map((row) => row.map(onOneLine))]
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => (line[i] ?? '').length)))
  const cell = (text: string, i: number): string =>
    columns[i]?.align === 'right' ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)
  return lines.map((line) => `${line.map(cell).join('  ').trimEnd()}\n`).join('')
}

/** Names and what they are, one a line. */
export function fields(entries: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(0, ...entries.map(([name]) => name.length))
  return entries.map(([name, value]) => `${`${name.padEnd(width)}  ${onOneLine(value)}`.trimEnd()}\n`).join('')
}

/** Text of somebody else, which must not move the cursor of the terminal or begin a line. */
export const onOneLine = (text: string): string => text.replace(/\s+/g, ' ').replace(/\p{Cc}/gu, '\u{fffd}')
