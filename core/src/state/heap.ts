/** A binary heap: the least item first, in the order of `compare`. */
export class Heap<T> {
  #items: T[] = []
  readonly #compare: (a: T, b: T) => number

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#items.length
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    let at = this.#items.push(item) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#swapIfLess(at, parent)) return
      at = parent
    }
  }

  pop(): T | undefined {
    const top = this.#items[0]
    const last = this.#items.pop()
    if (last !== undefined && this.#items.length > 0) {
      this.#items[0] = last
      this.#sink()
    }
    return top
  }

  /** Drops all items but those for which `keep` is true. */
  retain(keep: (item: T) => boolean): void {
    // What is sorted is a heap.
    this.#items = this.#items.filter(keep).sort(this.#compare)
  }

  #sink(): void {
    for (let at = 0; ;) {
      let child = at * 2 + 1
      if (child + 1 < this.#items.length && this.#less(child + 1, child)) child++
      if (child >= this.#items.length || !this.#swapIfLess(child, at)) return
      at = child
    }
  }

  #less(a: number, b: number): boolean {
    return this.#compare(this.#items[a] as T, this.#items[b] as T) < 0
  }

  #swapIfLess(a: number, b: number): boolean {
    if (!this.#less(a, b)) return false
    const kept = this.#items[a] as T
    this.#items[a] = this.#items[b] as T
    this.#items[b] = kept
    return true
  }
}
