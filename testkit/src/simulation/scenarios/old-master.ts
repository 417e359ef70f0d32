import type { Scenario } from '../scenario.ts'

/**
 * After a failover the old master lives on, with clients that have not heard of it: they take leases there, write records
 * and wait for copies that never come. Then it is demoted.
 */
export const oldMaster: Scenario = {
  name: 'old master',
  begin: ({ chance, crew, redis, time, leaseMs }) => ({
    event: () => {
      const left = crew.living().filter(() => chance.is(0.5))
      redis.failover(left.map(({ process }) => process.name))
      time.after(chance.between(0.3, 4) * leaseMs, () => redis.demote())
    },
    heal: () => redis.demote(),
  }),
}
