import { count } from './amounts.ts'

/** Rows that are shown of a long list unless all are asked for. */
const mostRows = 40

/** The first rows of a list, and a line that says how many more there are. */
export function cutRows<T>(rows: readonly T[], all = false): { readonly shown: readonly T[]; readonly rest: string } {
  const more = rows.length - mostRows
  if (all || more <= 0) return { shown: rows, rest: '' }
  return { shown: rows.slice(0, mostRows), rest: `… and ${count(more)} more: --all shows them\n` }
}
