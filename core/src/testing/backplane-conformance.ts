import { checkpointConformance } from './backplane-conformance/checkpoints.ts'
import { deadLetterConformance } from './backplane-conformance/dead-letters.ts'
import { duplicateConformance } from './backplane-conformance/duplicates.ts'
import { leaseConformance } from './backplane-conformance/leases.ts'
import { stateConformance } from './backplane-conformance/state.ts'
import { type BackplaneStore, Scenario } from './backplane-conformance/scenario.ts'
import type { Expect, TestFunction } from './test-runner.ts'

export type { BackplaneStore } from './backplane-conformance/scenario.ts'

/** Arguments of {@link backplaneConformance}. */
export interface BackplaneConformanceOptions {
  readonly test: TestFunction
  readonly expect: Expect
  /** A fresh, empty store; called once a test. */
  readonly create: () => Promise<BackplaneStore>
  /** How long leases last in the tests; short where {@link BackplaneStore.advance} has to wait. @default 10_000 */
  readonly leaseMs?: number
}

/** Checks every sentence of the `Backplane` contract, with repeats and late duplicates of its requests. */
export function backplaneConformance({ test, expect, create, leaseMs = 10_000 }: BackplaneConformanceOptions): void {
  const scenario =
    (run: (scenario: Scenario) => Promise<void>): (() => Promise<void>) =>
    async () => {
      const store = await create()
      try {
        await run(new Scenario(store, leaseMs))
      } finally {
        await store.dispose()
      }
    }
  const parts = [leaseConformance, checkpointConformance, stateConformance, deadLetterConformance, duplicateConformance]
  for (const part of parts) part((name, run) => test(name, scenario(run)), expect)
}
