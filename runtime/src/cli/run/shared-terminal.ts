import type { TextStream } from '../io.ts'

/** Who wants to know when something is written to a terminal. */
export interface TerminalUser {
  before(): void
  /** Whether the cursor is at the start of a line now. */
  after(atLineStart: boolean): void
}

/** Tells `user` of all that others write to a stream. @returns what ends it */
export function shareTerminal(stream: TextStream, user: TerminalUser): () => void {
  const { write } = stream
  const shared = (...args: Parameters<TextStream['write']>): unknown => {
    user.before()
    // with whatever else it was called with: an encoding, a callback
    const result = write.apply(stream, args)
    user.after(endsLine(args[0]))
    return result
  }
  Object.assign(stream, { write: shared })
  return () => void Object.assign(stream, { write })
}

/** Sinks may write bytes, whatever the type says. */
function endsLine(chunk: string | Uint8Array): boolean {
  if (typeof chunk === 'string') return chunk === '' || chunk.endsWith('\n')
  return chunk.length === 0 || chunk.at(-1) === 10
}
