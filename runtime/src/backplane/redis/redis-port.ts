import type { LuaScript } from './lua-script.ts'

/** What a script takes: text, or bytes as they are. */
export type Argument = string | Uint8Array

/** What a script replies: bytes where it is text. */
export type Reply = Buffer | number | null | readonly Reply[]

/** How many copies of what was written are waited for. */
export interface Copies {
  /** The disk of the server itself, too. */
  readonly isOnDisk: boolean
  readonly replicas: number
  readonly timeoutMs: number
}

/** What is used of a connection to a Redis. Errors say where it is, and whether the same call may succeed later. */
export interface RedisPort {
  run(script: LuaScript, prefix: string, args: readonly Argument[]): Promise<Reply>
  /** Runs a script, and waits for copies of what it wrote, on one connection. @returns the reply, and whether there are so many */
  runAndWait(
    script: LuaScript,
    prefix: string,
    args: readonly Argument[],
    copies: Copies,
  ): Promise<{ readonly reply: Reply; readonly isReached: boolean }>
  close(): Promise<void>
}
