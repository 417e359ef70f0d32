import { join } from 'node:path'
import { type Ended, type Running, startProcess } from './process.ts'

const bin = join(import.meta.dirname, '../../../runtime/bin/millrace.js')
const fixtures = join(import.meta.dirname, '../adversity/fixtures')

/** What `millrace run` is given. */
export interface RunOptions {
  /** Name of the topology among the fixtures. @default 'tally' */
  readonly topology?: string
  readonly set: { readonly [name: string]: string | number | boolean }
  /** The state file. */
  readonly state: string
  /** @default '20ms' */
  readonly checkpointEvery?: string
  /** Threads that work for it. @default 1 */
  readonly workers?: number
  /** A command to run it under, such as `prlimit`. @default none */
  readonly under?: readonly string[]
  readonly env?: { readonly [name: string]: string }
}

/** Starts `millrace run`. */
export function startJob({
  topology = 'tally',
  set,
  state,
  checkpointEvery = '20ms',
  workers = 1,
  under = [],
  env,
}: RunOptions): Running {
  const sets = Object.entries(set).flatMap(([name, value]) => ['--set', `${name}=${value}`])
  const job = [
    join(fixtures, `${topology}.ts`),
    ...sets,
    '--state',
    state,
    '--checkpoint-every',
    checkpointEvery,
    '--workers',
    String(workers),
  ]
  const [command = process.execPath, ...args] = [...under, process.execPath, bin, 'run', ...job]
  return startProcess(command, args, env)
}

/** `millrace run` to its end. */
export const runJob = (options: RunOptions): Promise<Ended> => startJob(options).ended

/** Any other command of `millrace` to its end. */
export const millrace = (...args: readonly string[]): Promise<Ended> =>
  startProcess(process.execPath, [bin, ...args]).ended

/** A line of the log. */
export interface LogLine {
  readonly level: string
  readonly msg: string
  readonly err?: { readonly message: string; readonly code?: string; readonly hint?: string }
  readonly [field: string]: unknown
}

/** What a job logged. */
export const logOf = ({ stderr }: Pick<Ended, 'stderr'>): LogLine[] =>
  stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine)

/** The error that a job ended with: code and message. */
export function failureOf(ended: Ended): { readonly code: string | undefined; readonly message: string } {
  const errors = logOf(ended).filter(({ level }) => level === 'error')
  if (errors.length !== 1) throw new Error(`${errors.length} errors were logged, not one:\n${ended.stderr}`)
  return { code: errors[0]?.err?.code, message: errors[0]?.err?.message ?? '' }
}

/** Fields of the summary of a job that ended well. */
export function summaryOf(ended: Ended): LogLine {
  const summary = logOf(ended).find(({ msg }) => msg === 'summary')
  if (ended.code !== 0 || summary === undefined) throw new Error(`it ended with ${ended.code}:\n${ended.stderr}`)
  return summary
}
