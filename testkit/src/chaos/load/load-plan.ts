/** All that decides the content of the load. */
export interface LoadPlan {
  readonly seed: number
  /** When the first records come, and their event time, in ms since 1970. */
  readonly startedAt: number
  /** Rows of records side by side; a shard is some neighbouring lanes. */
  readonly lanes: number
  /** Each lane brings a record so often. */
  readonly stepMs: number
  /** So long all shards stay as they are, at least. */
  readonly generationMs: number
}

/** Records lie up to so far behind the newest of their lane, but for those that are late. */
export const outOfOrdernessMs = 1_000

/** Number of records of a lane in one generation. */
export const slotsPerGeneration = ({ generationMs, stepMs }: LoadPlan): number => Math.floor(generationMs / stepMs)

/** The generation that an instant lies in. */
export const generationAt = (plan: LoadPlan, now: number): number =>
  Math.floor((now - plan.startedAt) / (slotsPerGeneration(plan) * plan.stepMs))
