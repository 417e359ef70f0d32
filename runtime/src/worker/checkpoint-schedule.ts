import type { World } from '../world.ts'

/** Input between two checkpoints: what a crash makes the job read again. */
const mostBytes = 64 * 1024 * 1024
/** Dead letters wait in memory for the next checkpoint. */
const mostLetterBytes = 8 * 1024 * 1024

/** When the next checkpoint of a task is due: by time, by bytes, or because a sink asked for one. */
export class CheckpointSchedule {
  readonly #everyMs: number
  readonly #world: World
  #bytes = 0
  #letterBytes = 0
  /** Something has happened that no checkpoint holds. */
  #dirty = false
  #takenAt: number
  /** When sinks want a checkpoint though nothing has happened. */
  #againAt = Infinity
  /** Nothing has happened since the task was taken up. */
  isUnchanged = true

  constructor(everyMs: number, world: World) {
    this.#everyMs = everyMs
    this.#world = world
    this.#takenAt = world.elapsed()
  }

  /** Something has happened. */
  touch(): void {
    this.#dirty = true
    this.isUnchanged = false
  }

  /** So many bytes of input were taken. */
  took(bytes: number): void {
    this.#bytes += bytes
  }

  /** A dead letter of so many bytes waits. */
  kept(bytes: number): void {
    this.#letterBytes += bytes
  }

  /** How long until the next checkpoint; not positive when it is due, Infinity when none is wanted. */
  get dueInMs(): number {
    if (this.#bytes >= mostBytes || this.#letterBytes >= mostLetterBytes) return 0
    return (this.#dirty ? this.#takenAt + this.#everyMs : this.#againAt) - this.#world.elapsed()
  }

  /** A checkpoint was taken. `againInMs` is what the sinks ask for. */
  taken(againInMs: number): void {
    this.#dirty = false
    this.#bytes = this.#letterBytes = 0
    this.#takenAt = this.#world.elapsed()
    this.#againAt = this.#takenAt + againInMs
  }
}
