import type { Member } from '../crew.ts'
import { diamond, profileNamed } from '../profiles.ts'
import type { Scenario } from '../scenario.ts'

const stopWithinMs = 4_000
/** For what is left to do once it stops without a last checkpoint. */
const closingMs = 1_500

/**
 * Exchanges that hold less than one frame, and a Redis without memory: what would take more is refused, until some is freed.
 * Whoever is stopped then ends in time, and whoever is drained gives all of its tasks away.
 */
export const fullExchange: Scenario = {
  name: 'full exchange',
  profiles: [diamond, profileNamed('levels'), profileNamed('tumbling'), profileNamed('through')],
  begin: (life) => {
    const { chance, crew, redis, time, history, problems, profile } = life
    // what waits is what fills it: only reading it frees some. With two exchanges, what is read of one would go to the other
    const isFilled = profile.name === 'tumbling' && chance.is(0.7)
    if (isFilled) redis.mostWaitingBytes = chance.between(100, 1_000)
    const fill = (): void => {
      history.note('redis', 'memory is full')
      redis.isFull = true
      time.after(chance.between(500, 8_000), () => {
        history.note('redis', 'memory is freed')
        redis.isFull = false
      })
    }
    /** Says so when a worker has not done what it was asked for in time, undisturbed. */
    const within = (ms: number, { process, disturbedUntil }: Member, isDone: () => boolean, what: string): void => {
      const [at, member] = [time.now, crew.members.find((each) => each.process === process)]
      time.after(ms, () => {
        const isDisturbed = disturbedUntil > at || (member?.disturbedUntil ?? 0) > at
        if (!isDone() && !isDisturbed && !process.isDead) problems.push(`${process.name} ${what} after ${ms} ms`)
      })
    }
    const stop = (member: Member): void => {
      crew.stop(member)
      crew.join()
      within(stopWithinMs + closingMs, member, () => member.ended, 'is asked to stop and still runs')
    }
    return {
      event: () => {
        const kind = chance.next()
        if (kind < 0.5) return fill()
        const living = crew.living()
        if (living.length === 0) return void crew.join()
        stop(chance.pick(living))
      },
      heal: () => {
        redis.isFull = false
      },
      options: () => ({ stopWithin: stopWithinMs, cluster: { exchangeBytes: isFilled ? 1_000_000 : 1 } }),
    }
  },
}
