import type { Io } from '../../../src/cli/io.ts'
import { Redactor } from '../../../src/cli/redactor.ts'
import { runProgram } from '../../../src/cli/program.ts'
import { systemWorld } from '../../../src/world.ts'

/** How a command ended that ran in this process. */
export interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command that loads no topology here, without the cost of a process. */
export async function inProcess(args: readonly string[], cwd = '.', io: Partial<Io> = {}): Promise<Said> {
  const said = { stdout: '', stderr: '' }
  const out = (text: string): unknown => (said.stdout += text)
  const err = (text: string): unknown => (said.stderr += text)
  const streams = { stdout: { write: out }, stderr: { write: err } }
  const code = await runProgram(args, {
    cwd,
    env: {},
    world: systemWorld,
    redactor: new Redactor(),
    ...streams,
    ask: async () => undefined,
    out,
    err,
    ...io,
  })
  return { code, ...said }
}
