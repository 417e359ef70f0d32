/** Records in one slab of lines; their event times are about 1 ms apart. */
export const recordsInLines = 2_000_000

const epoch = 1_760_000_000_000
const atDigits = 13

/** Lines of JSON, about 100 bytes each: page views of 1,000 pages by 100,000 users, up to 2 s out of order. */
export interface Lines {
  readonly bytes: Buffer
  /** Index of the first digit of each record's time. */
  readonly timeAt: Uint32Array
}

/** The same lines for the same seed. */
export function makeLines(seed = 42): Lines {
  const bytes = Buffer.allocUnsafe(recordsInLines * 128)
  const timeAt = new Uint32Array(recordsInLines)
  const random = lcg(seed)
  let length = 0
  for (let i = 0; i < recordsInLines; i++) {
    const user = Math.floor(random() * 100_000)
    const page = String(Math.floor(random() * 1_000)).padStart(8, '0')
    const head = `{"id":"${i.toString(16).padStart(8, '0')}","user":"u${user}","page":"/p/${page}","ms":${Math.floor(random() * 1_000)},"at":`
    length += bytes.write(head, length, 'latin1')
    timeAt[i] = length
    const at = epoch + i + Math.floor(random() * 2_000)
    length += bytes.write(`${at},"bot":${random() < 0.05}}\n`, length, 'latin1')
  }
  return { bytes: bytes.subarray(0, length), timeAt }
}

/** Moves all event times on by as much as the lines span, so that reading them again goes on in time. */
export function moveOn({ bytes, timeAt }: Lines): void {
  for (let i = 0; i < recordsInLines; i++) {
    const from = timeAt[i] ?? 0
    const at = Number(bytes.toString('latin1', from, from + atDigits)) + recordsInLines
    bytes.write(String(at), from, 'latin1')
  }
}

/** Numerical Recipes' generator: good enough to spread keys, and the same everywhere. */
function lcg(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
