import { Packr, RESET_BUFFER_MODE } from 'msgpackr/pack'
import { Unpackr } from 'msgpackr/unpack'

/** Names of the fields of the objects that were packed: a shape is an index into them. */
export type Shapes = readonly (readonly string[])[]

const mostShapes = 32
/** Of all shapes: objects that are dictionaries have no end of them. */
const mostNames = 256

// Not 'msgpackr': that one reads strings as slices of the text of a whole frame, and a slice that is kept keeps all of it.

/**
 * Packs values of which `isPlain` says yes. Shapes are learnt as they come, and only added to: whoever has those there
 * are when all is packed can read everything.
 */
export class ValuePacker {
  readonly shapes: Shapes
  readonly #packr: Packr
  #names = 0

  constructor() {
    const structures: string[][] = []
    this.shapes = structures
    this.#packr = new Packr({
      structures,
      maxSharedStructures: mostShapes,
      maxOwnStructures: 0,
      shouldShareStructure: (names: readonly string[]) => this.#admits(names),
      useToJSON: false,
      variableMapSize: true,
    })
  }

  /** Objects of other shapes are packed with their names: a new packer may do better. */
  get isFull(): boolean {
    return this.#names > mostNames || this.shapes.length >= mostShapes
  }

  /** @returns bytes that are overwritten by the next call */
  pack(values: readonly unknown[]): Uint8Array {
    return this.#packr.pack(values, RESET_BUFFER_MODE)
  }

  #admits(names: readonly string[]): boolean {
    this.#names += names.length
    return this.#names <= mostNames
  }
}

/** Reads what a {@link ValuePacker} with these shapes has packed. */
export class ValueUnpacker {
  readonly #unpackr: Unpackr

  constructor(shapes: Shapes) {
    this.#unpackr = new Unpackr({ structures: shapes.map((names) => [...names]), mapsAsObjects: true })
  }

  unpack(bytes: Uint8Array): unknown[] {
    return this.#unpackr.unpack(bytes) as unknown[]
  }
}
