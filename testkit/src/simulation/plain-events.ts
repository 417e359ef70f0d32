import type { Life } from './life.ts'

/** Something goes wrong that goes wrong in every life. */
export function plainEvent({ chance, crew, leaseMs, redis, history }: Life): void {
  const living = crew.living()
  if (living.length === 0) return void crew.join()
  const member = chance.pick(living)
  const { process } = member
  const kind = chance.next()
  if (kind < 0.25) crew.kill(member)
  else if (kind < 0.4) crew.pause(member, chance.between(0.3, 3) * leaseMs)
  else if (kind < 0.5) {
    crew.stop(member)
    crew.join()
  } else if (kind < 0.6) {
    if (living.length < 5) crew.join()
  } else if (kind < 0.7) redis.failover()
  else if (kind < 0.75) redis.restart()
  else if (kind < 0.85) crew.cut(member, chance.between(0.3, 3) * leaseMs)
  else if (kind < 0.92) {
    process.skewMs = chance.between(-3_600_000, 3_600_000)
    history.note(process.name, `its clock jumps by ${Math.round(process.skewMs)} ms`)
  } else redis.jump(chance.between(-3_600_000, 3_600_000))
}
