import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** A process that holds leases, and how to recognise it: `host:pid:start:nonce` as text. */
export interface Owner {
  /** Name of the machine; on Linux with its pid namespace, as two containers may have the same name and pids. */
  readonly host: string
  readonly pid: number
  /** When the process started, in units of the system; `-` where that is not known. */
  readonly start: string
  /** Tells two workers of one process apart. */
  readonly nonce: string
}

/** Text of an {@link Owner}, as a lease keeps it. */
export const formatOwner = ({ host, pid, start, nonce }: Owner): string => `${host}:${pid}:${start}:${nonce}`

/** Reads {@link formatOwner}; undefined for an owner of another kind. */
export function parseOwner(text: string): Owner | undefined {
  const [, host, pid, start, nonce] = /^(.*):(\d+):([^:]*):([^:]*)$/.exec(text) ?? []
  if (host === undefined || start === undefined || nonce === undefined) return undefined
  return { host, pid: Number(pid), start, nonce }
}

/** This process, as the owner of a lease. */
export const thisProcess = (nonce: string): string =>
  formatOwner({ host: thisHost(), pid: process.pid, start: statusOf(process.pid).start, nonce })

/** What is known of the process behind a lease: `unknown` when it runs, or ran, where this process cannot see. */
export type Liveness = 'alive' | 'dead' | 'unknown'

/** Looks an owner up among the processes of this machine. A pid that was given to another process counts as dead. */
export function livenessOf(text: string): Liveness {
  const owner = parseOwner(text)
  if (owner === undefined || owner.host !== thisHost()) return 'unknown'
  if (!exists(owner.pid)) return 'dead'
  const { state, start } = statusOf(owner.pid)
  if (state === 'Z' || state === 'X') return 'dead'
  return start === '-' || owner.start === '-' || start === owner.start ? 'alive' : 'dead'
}

const thisHost = (): string => [hostname(), pidNamespace()].filter(Boolean).join('/')

function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? ''
  } catch {
    return ''
  }
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Fields 3 and 22 of `/proc/<pid>/stat`; the second, the command, may itself hold spaces and brackets. */
function statusOf(pid: number): { readonly state: string; readonly start: string } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '-', start: fields[19] ?? '-' }
  } catch {
    return { state: '-', start: '-' }
  }
}
