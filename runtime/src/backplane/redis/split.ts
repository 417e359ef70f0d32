/** What one script is given at most, about: a Redis does nothing else meanwhile. */
export const mostScriptBytes: number = 768 * 1024

/** Cuts a list into pieces of so many elements. */
export function chunksOf<T>(items: readonly T[], size: number): T[][] {
  const chunks: T[][] = []
  for (let at = 0; at < items.length; at += size) chunks.push(items.slice(at, at + size))
  return chunks
}

/** Cuts a list into pieces of about so many bytes, in order; at least one element each. */
export function chunksBySize<T>(items: readonly T[], sizeOf: (item: T) => number, most: number): T[][] {
  const chunks: T[][] = []
  let left = 0
  for (const item of items) {
    const size = sizeOf(item)
    const last = chunks.at(-1)
    if (last === undefined || size > left) {
      chunks.push([item])
      left = most - size
    } else {
      last.push(item)
      left -= size
    }
  }
  return chunks
}
