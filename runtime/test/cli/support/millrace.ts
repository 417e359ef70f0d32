import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** The command as users start it. */
export const bin: string = fileURLToPath(new URL('../../../bin/millrace.js', import.meta.url))

/** Where and with what a command is started. */
export interface Place {
  readonly cwd: string
  readonly env?: { readonly [name: string]: string }
}

/** How a command ended, and what it said. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that runs. */
export interface Started {
  readonly ended: Promise<Ended>
  /** Resolves when what it has written so far holds this text; rejects when it ends before. */
  says(text: string): Promise<void>
  kill(signal: NodeJS.Signals): void
  /** Writes to its stdin. */
  type(text: string): void
  readonly pid: number | undefined
}

/** Starts the command in a process of its own. */
export const startMillrace = (args: readonly string[], place: Place): Started =>
  startProgram(process.execPath, [bin, ...args], place)

/** Runs the command to its end. */
export const millrace = (args: readonly string[], place: Place): Promise<Ended> => startMillrace(args, place).ended

/** Runs any program to its end. */
export const program = (command: string, args: readonly string[], place: Place): Promise<Ended> =>
  startProgram(command, args, place).ended

/** The lines of stderr, which all have to be JSON. */
export const logLines = ({ stderr }: Ended): { readonly [name: string]: unknown }[] =>
  stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly [name: string]: unknown })

/** Starts any program. */
export function startProgram(command: string, args: readonly string[], { cwd, env }: Place): Started {
  const child = spawn(command, args, { cwd, env: { ...ownEnvironment(), ...env }, stdio: 'pipe' })
  onTestFinished(() => void child.kill('SIGKILL'))
  const said = { stdout: '', stderr: '' }
  const watchers = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
      for (const watcher of watchers) watcher()
    })
  }
  const ended = endOf(child, said)
  return {
    ended,
    pid: child.pid,
    kill: (signal) => child.kill(signal),
    type: (text) => child.stdin.write(text),
    says: (text) => hears(text, said, watchers, ended),
  }
}

/** What the test runner sets for itself is not for its children. */
const ownEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_OPTIONS|NODE_ENV|FORCE_COLOR|MILLRACE_)/.test(name)),
  )

const endOf = (child: ChildProcess, said: Pick<Ended, 'stdout' | 'stderr'>): Promise<Ended> =>
  new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, ...said }))
  })

function hears(
  text: string,
  said: Pick<Ended, 'stdout' | 'stderr'>,
  watchers: Set<() => void>,
  ended: Promise<Ended>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (!`${said.stdout}${said.stderr}`.includes(text)) return
      watchers.delete(look)
      resolve()
    }
    watchers.add(look)
    look()
    void ended.then(({ code, stderr }) => reject(new Error(`it ended with ${code} and never said ${text}:\n${stderr}`)))
  })
}
