import { type ChildProcess, spawn } from 'node:child_process'
import { onTestFinished } from 'vitest'

/** How a process ended, and what it said. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly elapsedMs: number
}

/** A process that runs; killed when the test ends. */
export interface Running {
  readonly pid: number
  readonly ended: Promise<Ended>
  /** Resolves when its stderr holds this so many times; rejects when it ends before, or after a while. */
  says(text: string, times?: number): Promise<void>
  kill(signal: NodeJS.Signals): void
}

const patienceMs = 15_000

/** Starts a program without what the test runner sets for itself. */
export function startProcess(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(command, args, { env: { ...ownEnvironment(), ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
      for (const listener of listeners) listener()
    })
  }
  const ended = endOf(child, said)
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return {
    pid: child.pid ?? 0,
    ended,
    says: (text, times = 1) => hears({ text, times, said, listeners, ended }),
    kill: (signal) => void child.kill(signal),
  }
}

const ownEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_OPTIONS|NODE_ENV|FORCE_COLOR|MILLRACE_)/.test(name)),
  )

interface Said {
  readonly stdout: string
  readonly stderr: string
}

function endOf(child: ChildProcess, said: Said): Promise<Ended> {
  const began = performance.now()
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, ...said, elapsedMs: performance.now() - began }))
  })
}

interface Hearing {
  readonly text: string
  readonly times: number
  readonly said: Said
  readonly listeners: Set<() => void>
  readonly ended: Promise<Ended>
}

function hears({ text, times, said, listeners, ended }: Hearing): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void =>
      reject(new Error(`${why} and did not say ${text} ${times} times:\n${said.stderr}`))
    const timer = setTimeout(() => fail(`it ran for ${patienceMs} ms`), patienceMs)
    const look = (): void => {
      if (said.stderr.split(text).length <= times) return
      clearTimeout(timer)
      listeners.delete(look)
      resolve()
    }
    listeners.add(look)
    look()
    void ended.then(({ code }) => (clearTimeout(timer), fail(`it ended with ${code}`)))
  })
}
