import type { Random } from '../../../random.ts'
import type { Member } from '../member.ts'

/** Something that happens to one worker, and ends when that is over. */
export interface WorkerEvent {
  readonly name: string
  /** How often it happens, against others. */
  readonly weight: number
  play(member: Member, random: Random, leaseMs: number): Promise<void>
}
