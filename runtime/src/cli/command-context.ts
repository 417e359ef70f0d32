import type { Io } from './io.ts'

/** What every command is given: the outside, and where its exit code goes. */
export interface CommandContext {
  readonly io: Io
  readonly exit: (code: number) => void
}
