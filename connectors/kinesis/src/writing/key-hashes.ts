import { hexHashOf, hexOfHashKey } from '../wire/hash-key.ts'

const mostKept = 10_000

/** Hash keys of records, as 32 hex digits. The MD5 of a key costs as much as all else of a short record, and keys come again. */
export class KeyHashes {
  readonly #known = new Map<string, string>()

  of(partitionKey: string, explicitHashKey: string | undefined): string {
    if (explicitHashKey !== undefined) return hexOfHashKey(BigInt(explicitHashKey))
    const known = this.#known.get(partitionKey)
    if (known !== undefined) return known
    if (this.#known.size >= mostKept) this.#known.clear()
    const hash = hexHashOf(partitionKey)
    this.#known.set(partitionKey, hash)
    return hash
  }
}
