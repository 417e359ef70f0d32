import { formatScore, parseScore } from '../keys.ts'
import type { Context } from './run.ts'

/**
 * Event time of what is sent to an exchange: the least of its producers that is not idle; undefined when all are idle,
 * Infinity when all have ended.
 */
export function watermarkOf({ data, keys }: Context, exchange: string): number | undefined {
  const first = data.zrange(keys.of(`wm:${exchange}`))[0]
  if (first === undefined) return Infinity
  return first[1] === Infinity ? undefined : first[1]
}

/** Sets the line of a producer; idle ones are at infinity. */
export function setLine(context: Context, exchange: string, producer: string, watermark: number): void {
  context.data.zadd(context.keys.of(`wm:${exchange}`), producer, watermark)
  context.moved.add(exchange)
}

/** Takes a producer off: it has ended. */
export function dropLine(context: Context, exchange: string, producer: string): void {
  context.data.zrem(context.keys.of(`wm:${exchange}`), producer)
  context.moved.add(exchange)
}

/** The greatest finite watermark that an exchange ever had; −Infinity before the first. */
export const floorOf = ({ data, keys }: Context, exchange: string): number =>
  parseScore(data.hget(keys.of('floors'), exchange) ?? '-inf')

/** Where a producer begins that nobody knew before: the placeholder of its own source does not count. */
export function presentLeast(context: Context, exchange: string, placeholder: string): number {
  const lines = context.data.zrange(context.keys.of(`wm:${exchange}`))
  const first = lines.find(([producer]) => producer !== placeholder)
  return first === undefined || first[1] === Infinity ? floorOf(context, exchange) : first[1]
}

/** Exchanges that a stage sends to. */
export const sendsOf = ({ data, keys }: Context, stage: string): readonly string[] =>
  JSON.parse(data.hget(keys.of('sends'), stage) ?? '[]') as string[]

/** At the end of a script: what the least was between two of its changes, nobody has seen. */
export function raiseFloors(context: Context): void {
  for (const exchange of context.moved) {
    const watermark = watermarkOf(context, exchange)
    if (watermark === undefined || !Number.isFinite(watermark) || watermark <= floorOf(context, exchange)) continue
    context.data.hset(context.keys.of('floors'), { [exchange]: formatScore(watermark) })
  }
}
