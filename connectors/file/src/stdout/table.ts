const longestCell = 40

/** Draws records as a table with a column a field; lines are cut to `width`. */
export function drawTable(title: string, rows: readonly unknown[], width: number): readonly string[] {
  const columns = [...new Set(rows.flatMap(fieldsOf))]
  const cells = rows.map((row) => columns.map((column) => cellOf(row, column)))
  const widths = columns.map((column, i) => Math.max(column.length, ...cells.map((line) => line[i]?.length ?? 0)))
  const isNumber = columns.map((column) => rows.every((row) => isNumeric(fieldOf(row, column))))
  const draw = (line: readonly string[]): string =>
    line.map((cell, i) => (isNumber[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join('  ')
  return [title, draw(columns), ...cells.map(draw)].map((line) => line.slice(0, width).trimEnd())
}

const isRecord = (row: unknown): row is Readonly<Record<string, unknown>> => typeof row === 'object' && row !== null

const fieldsOf = (row: unknown): string[] => (isRecord(row) ? Object.keys(row) : ['value'])

const fieldOf = (row: unknown, column: string): unknown =>
  isRecord(row) ? row[column] : column === 'value' ? row : undefined

const isNumeric = (value: unknown): boolean =>
  value === undefined || typeof value === 'number' || typeof value === 'bigint'

function cellOf(row: unknown, column: string): string {
  const text = textOf(fieldOf(row, column))
  return text.length > longestCell ? `${text.slice(0, longestCell - 1)}…` : text
}

function textOf(value: unknown): string {
  if (value === undefined) return ''
  if (typeof value === 'number' && !Number.isInteger(value)) return String(Number(value.toPrecision(6)))
  const text = typeof value === 'string' ? value : jsonIfAny(value)
  // Records come from outside: what they hold must not control the terminal.
  return text.replace(/\p{Cc}/gu, '?')
}

function jsonIfAny(value: unknown): string {
  try {
    return toJson(value)
  } catch {
    return '?'
  }
}

/** JSON of any record; numbers that JSON does not have become text. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part)) ?? 'null'
