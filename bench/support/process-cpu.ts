import { readFileSync } from 'node:fs'

const ticksASecond = 100

/** CPU time that a process of this machine has used, in ms: user and system, of all its threads. Linux only. */
export function processCpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) / ticksASecond) * 1000
}
