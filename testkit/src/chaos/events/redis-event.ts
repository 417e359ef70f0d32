import type { Random } from '../../../random.ts'

/** Something that happens to Redis, and ends when that is over. */
export interface RedisEvent {
  readonly name: string
  /** How often it happens, against others. */
  readonly weight: number
  play(random: Random): Promise<void>
}
