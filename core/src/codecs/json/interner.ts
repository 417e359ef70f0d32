/** Makes text of bytes; `plain` says that they are ASCII without escapes. */
export type MakeText = (start: number, end: number, plain: boolean) => string

const firstSlots = 512
const mostTexts = 4096
const mostWords = 1 << 16
const longest = 64
const probes = 8

/** How many texts are looked up before it is judged whether that pays. */
const trial = 4096
/** How many are made without looking after it did not. */
const pause = 1 << 16

/**
 * Gives the same string for the same bytes, so that a text which comes again and again is made once: bounded, exact, and
 * idle where texts do not repeat. One a field, since some repeat (pages) and some do not (ids).
 */
export class Interner {
  readonly #make: MakeText
  /** Four numbers a slot: hash, length + 1 (0 for an empty slot), where its words begin, which text it is. */
  #slots = new Int32Array(firstSlots * 4)
  /** The bytes of each text, four a word, of which the last may overlap the one before. */
  #words = new Int32Array(1024)
  #wordCount = 0
  #texts: string[] = []
  #misses = 0
  #left = trial
  #resting = false

  constructor(make: MakeText) {
    this.#make = make
  }

  /** The text of some bytes. Whoever asks with `plain` and without means different bytes: only one has a backslash. */
  text(bytes: Uint8Array, view: DataView, start: number, end: number, plain: boolean): string {
    const length = end - start
    if (length > longest || this.#rests()) return this.#make(start, end, plain)
    const hash = hashOf(bytes, view, start, end)
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = (hash << 2) & mask
    for (let probe = 0; probe < probes; probe++) {
      const found = slots[slot + 1]!
      if (found === 0) return this.#add(slot, hash, bytes, view, start, end, plain)
      if (slots[slot] === hash && found === length + 1 && this.#isAt(slots[slot + 2]!, bytes, view, start, end)) {
        return this.#texts[slots[slot + 3]!]!
      }
      slot = (slot + 4) & mask
    }
    this.#misses++
    return this.#make(start, end, plain)
  }

  /** Counts a text, and says whether this is a time in which texts are not looked up. */
  #rests(): boolean {
    if (--this.#left > 0) return this.#resting
    this.#resting = !this.#resting && this.#misses > trial * 0.75
    this.#left = this.#resting ? pause : trial
    this.#misses = 0
    return this.#resting
  }

  #isAt(word: number, bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    const words = this.#words
    const last = end - 4
    if (last < start) return words[word] === shortWord(bytes, start, end)
    let at = word
    for (let i = start; i < last; i += 4) if (words[at++] !== view.getInt32(i, true)) return false
    return words[at] === view.getInt32(last, true)
  }

  #add(
    slot: number,
    hash: number,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    plain: boolean,
  ): string {
    this.#misses++
    const text = this.#make(start, end, plain)
    if (this.#texts.length === mostTexts || this.#wordCount + longest / 4 > mostWords) this.#clear()
    else {
      this.#slots.set([hash, end - start + 1, this.#wordCount, this.#texts.length], slot)
      this.#store(bytes, view, start, end)
      this.#texts.push(text)
      if (this.#texts.length * 8 > this.#slots.length) this.#spread()
    }
    return text
  }

  #store(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    if (this.#wordCount + longest / 4 > this.#words.length) this.#words = doubled(this.#words)
    const words = this.#words
    const last = end - 4
    if (last < start) {
      words[this.#wordCount++] = shortWord(bytes, start, end)
      return
    }
    for (let i = start; i < last; i += 4) words[this.#wordCount++] = view.getInt32(i, true)
    words[this.#wordCount++] = view.getInt32(last, true)
  }

  /** Moves to twice as many slots: at most half are taken, so that a text is found in a probe or two. */
  #spread(): void {
    const from = this.#slots
    const to = new Int32Array(from.length * 2)
    for (let slot = 0; slot < from.length; slot += 4) {
      if (from[slot + 1] === 0) continue
      let free = (from[slot]! << 2) & (to.length - 1)
      while (to[free + 1] !== 0) free = (free + 4) & (to.length - 1)
      to.set(from.subarray(slot, slot + 4), free)
    }
    this.#slots = to
  }

  /** Starts anew when full: what still repeats is back soon, what has gone out of use is not. */
  #clear(): void {
    this.#slots.fill(0)
    this.#texts = []
    this.#wordCount = 0
  }
}

function hashOf(bytes: Uint8Array, view: DataView, start: number, end: number): number {
  const last = end - 4
  let hash = end - start
  if (last < start) hash = Math.imul(hash ^ shortWord(bytes, start, end), 0x9e3779b1)
  else {
    for (let i = start; i < last; i += 4) hash = Math.imul(hash ^ view.getInt32(i, true), 0x9e3779b1)
    hash = Math.imul(hash ^ view.getInt32(last, true), 0x9e3779b1)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}

/** Up to three bytes as one word. */
function shortWord(bytes: Uint8Array, start: number, end: number): number {
  let word = 0
  for (let i = start; i < end; i++) word = (word << 8) | bytes[i]!
  return word
}

function doubled(words: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const more = new Int32Array(words.length * 2)
  more.set(words)
  return more
}
