import { systemWorld, type World } from '../world.ts'
import { Redactor } from './redactor.ts'

/** A stream that text goes to: one of the process, or anything else that takes text. */
export interface TextStream {
  readonly write: (text: string) => unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** All that the command line is given of the outside. */
export interface Io {
  readonly cwd: string
  readonly env: { readonly [name: string]: string | undefined }
  readonly world: World
  readonly redactor: Redactor
  readonly stdout: TextStream
  readonly stderr: TextStream
  /** Puts a question to whoever looks on; undefined where nobody can answer. */
  readonly ask: (question: string) => Promise<string | undefined>
  /** Writes to stdout, without secrets. */
  readonly out: (text: string) => void
  /** Writes to stderr, without secrets. */
  readonly err: (text: string) => void
}

/** The {@link Io} of this process. */
export function systemIo(): Io {
  const redactor = new Redactor()
  const { stdout, stderr, env } = process
  return {
    cwd: process.cwd(),
    env,
    world: systemWorld,
    redactor,
    stdout,
    stderr,
    ask,
    out: (text) => void stdout.write(redactor.clean(text)),
    err: (text) => void stderr.write(redactor.clean(text)),
  }
}

async function ask(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined
  const { createInterface } = await import('node:readline/promises')
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await asking.question(question)
  } finally {
    asking.close()
  }
}
