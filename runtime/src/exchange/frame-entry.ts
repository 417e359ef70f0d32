/** One entry is about this large at most, unless one frame alone is larger. */
const mostBytes = 256 * 1024
const lengthBytes = 4

/** Puts frames of one partition into few entries: in each, frames behind each other, each after its length. */
export function joinFrames(frames: readonly Uint8Array[]): Uint8Array[] {
  const entries: Uint8Array[] = []
  for (let from = 0; from < frames.length;) {
    let to = from
    for (let bytes = 0; to < frames.length; to++) {
      bytes += lengthBytes + (frames[to]?.length ?? 0)
      if (bytes > mostBytes && to > from) break
    }
    entries.push(joined(frames.slice(from, to)))
    from = to
  }
  return entries
}

function joined(frames: readonly Uint8Array[]): Uint8Array {
  const entry = new Uint8Array(frames.reduce((sum, { length }) => sum + lengthBytes + length, 0))
  const view = new DataView(entry.buffer)
  let at = 0
  for (const frame of frames) {
    view.setUint32(at, frame.length)
    entry.set(frame, at + lengthBytes)
    at += lengthBytes + frame.length
  }
  return entry
}

/** The frames of an entry; the last is too short where the entry was cut. */
export function splitFrames(entry: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = []
  const view = new DataView(entry.buffer, entry.byteOffset, entry.byteLength)
  for (let at = 0; at < entry.length;) {
    const start = Math.min(at + lengthBytes, entry.length)
    const length = start - at === lengthBytes ? view.getUint32(at) : 0
    frames.push(entry.subarray(start, start + length))
    at = start + length
  }
  return frames
}
