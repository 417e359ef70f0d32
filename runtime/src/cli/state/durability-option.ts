import { badOption } from '@millrace/core'
import type { DurabilityOption } from '../../backplane/redis/redis-options.ts'

/** Reads the value of `--durability`: `auto`, `none`, or what is waited for, as `aof,replicas=1`. Throws BAD_OPTION. */
export function durabilityOption(text = 'auto'): DurabilityOption {
  if (text === 'auto' || text === 'none') return text
  const words = text.split(',')
  const counts = words.flatMap((word) => /^replicas=(\d{1,4})$/.exec(word)?.[1] ?? [])
  const [replicas] = counts.map(Number)
  const isAof = words.includes('aof')
  if (words.length !== counts.length + Number(isAof) || counts.length > 1)
    throw badOption("--durability: must be 'auto', 'none', 'aof', 'replicas=N' or 'aof,replicas=N'")
  return { aof: isAof, ...(replicas !== undefined && { replicas }) }
}
