/** One entry is about this large at most, unless one frame alone is larger. */
const mostBytes = 256 * 1024
/** Of a number. */
const wordBytes = 4

/**
 * Puts frames of one partition into few entries.
 *
 * ```
 *   entry = count (length frame)*
 * ```
 */
export function joinFrames(frames: readonly Uint8Array[]): Uint8Array[] {
  const entries: Uint8Array[] = []
  for (let from = 0; from < frames.length;) {
    const to = endOfEntry(frames, from)
    entries.push(joined(frames.slice(from, to)))
    from = to
  }
  return entries
}

function endOfEntry(frames: readonly Uint8Array[], from: number): number {
  let bytes = wordBytes
  for (let to = from; to < frames.length; to++) {
    bytes += wordBytes + (frames[to]?.length ?? 0)
    if (bytes > mostBytes && to > from) return to
  }
  return frames.length
}

function joined(frames: readonly Uint8Array[]): Uint8Array {
  const entry = new Uint8Array(frames.reduce((sum, { length }) => sum + wordBytes + length, wordBytes))
  const view = new DataView(entry.buffer)
  view.setUint32(0, frames.length)
  let at = wordBytes
  for (const frame of frames) {
    view.setUint32(at, frame.length)
    entry.set(frame, at + wordBytes)
    at += wordBytes + frame.length
  }
  return entry
}

/** The frames of an entry, as views. Throws an Error when they are not those that were put there. */
export function splitFrames(entry: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = []
  const view = new DataView(entry.buffer, entry.byteOffset, entry.byteLength)
  let at = wordBytes
  while (at + wordBytes <= entry.length) {
    const start = at + wordBytes
    at = start + view.getUint32(at)
    frames.push(new Uint8Array(entry.buffer, entry.byteOffset + start, Math.min(at, entry.length) - start))
  }
  if (at !== entry.length || view.getUint32(0) !== frames.length) throw new Error('its frames are not complete')
  return frames
}
