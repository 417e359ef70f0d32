import { execFileSync } from 'node:child_process'

/** Surroundings of a command. */
export interface CommandOptions {
  readonly env: NodeJS.ProcessEnv
  /** @default ours */
  readonly cwd?: string
}

const patienceMs = 120_000

/** What a command prints; throws with the end of its complaints when it fails or takes two minutes. */
export function runCommand(command: string, args: readonly string[], { env, cwd }: CommandOptions): string {
  try {
    return execFileSync(command, args, { env, cwd, encoding: 'utf8', timeout: patienceMs, stdio: 'pipe' })
  } catch (cause) {
    const { stderr = '', code } = cause as { readonly stderr?: string; readonly code?: string }
    const complaint = stderr.trim().split('\n').slice(-3).join('; ') || code || 'it failed'
    throw new Error(`${[command, ...args].join(' ')}: ${complaint}`, { cause })
  }
}
