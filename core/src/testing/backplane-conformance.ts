import { checkpointConformance } from './backplane-conformance/checkpoints.ts'
import { deadLetterConformance } from './backplane-conformance/dead-letters.ts'
import { duplicateConformance } from './backplane-conformance/duplicates.ts'
import { leaseConformance } from './backplane-conformance/leases.ts'
import { stateConformance } from './backplane-conformance/state.ts'
import { type BackplaneStore, Scenario } from './backplane-conformance/scenario.ts'
import { type Skips, suiteOf, type SuiteOptions } from './suite.ts'

export type { BackplaneStore } from './backplane-conformance/scenario.ts'

/** Arguments of {@link backplaneConformance}. */
export interface BackplaneConformanceOptions extends SuiteOptions {
  /** A fresh, empty store; called once a test. */
  readonly create: () => Promise<BackplaneStore>
  /** How long leases last in the tests; short where {@link BackplaneStore.advance} has to wait. @default 10_000 */
  readonly leaseMs?: number
  /** Names of tests that cannot be run, each with the reason. */
  readonly skip?: Skips<string>
}

/** Checks every sentence of the `Backplane` contract, with repeats and late duplicates of its requests. */
export function backplaneConformance(options: BackplaneConformanceOptions): void {
  const { expect, create, leaseMs = 10_000 } = options
  const test = suiteOf<string, Scenario>(options, async (check) => {
    const store = await create()
    try {
      await check(new Scenario(store, leaseMs))
    } finally {
      await store.dispose()
    }
  })
  const parts = [leaseConformance, checkpointConformance, stateConformance, deadLetterConformance, duplicateConformance]
  for (const part of parts) part(test, expect)
}
