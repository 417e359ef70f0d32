/** The one of `names` that `name` was probably meant to be. */
export function nearMiss(name: string, names: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(name.length / 3))
  const near = names.map((known) => ({ known, edits: edits(name.toLowerCase(), known.toLowerCase()) }))
  return near.filter((each) => each.edits <= limit).toSorted((a, b) => a.edits - b.edits)[0]?.known
}

/** Levenshtein distance: letters to insert, delete or replace. */
function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (const letter of from) {
    let diagonal = row[0] ?? 0
    const next = [diagonal + 1]
    for (let i = 1; i <= to.length; i++) {
      const replaced = diagonal + (letter === to[i - 1] ? 0 : 1)
      diagonal = row[i] ?? 0
      next.push(Math.min(replaced, diagonal + 1, (next[i - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
