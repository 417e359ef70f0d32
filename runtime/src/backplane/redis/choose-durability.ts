import type { Logger } from '../../logger.ts'
import { Durability, type DurableCopies } from './durability.ts'
import type { DurabilityOption } from './redis-options.ts'
import type { ServerFacts } from './server-facts.ts'

/** Decides what output waits for, by what the server can tell of; says once what it cannot promise. */
export function chooseDurability(
  option: DurabilityOption,
  timeoutMs: number,
  facts: () => Promise<ServerFacts>,
  log: Logger,
): Durability {
  let chosen: DurableCopies | undefined
  return new Durability(async () => {
    chosen ??= choose(option, timeoutMs, await facts(), log)
    return chosen
  })
}

function choose(option: DurabilityOption, timeoutMs: number, facts: ServerFacts, log: Logger): DurableCopies {
  if (option === 'none') return { isOnDisk: false, replicas: 0, timeoutMs }
  const { aof, replicas } = option === 'auto' ? {} : option
  const canWait = facts.canWaitForDisk && facts.hasAof === true
  const isOnDisk = aof ?? canWait
  if (option === 'auto' && !isOnDisk && (facts.replicas ?? 0) === 0) log.warn({}, promiseOf(facts))
  return { isOnDisk, replicas: replicas ?? 'connected', timeoutMs }
}

/** What is left to say when nothing can be waited for. */
function promiseOf({ hasAof }: ServerFacts): string {
  const cure = `use Redis 7.2 or later, or Valkey, with appendonly yes, or replicas; or say durability: 'none' if that is as it should be`
  if (hasAof === true)
    return `this Redis cannot say when a write is on its disk: with appendfsync always nothing is lost, else a crash of it may lose a second, and jobs then stop as ROLLED_BACK; ${cure}`
  return `this Redis keeps nothing on disk and has no replica: all is lost when it ends; ${cure}`
}
