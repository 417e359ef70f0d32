import { claimConformance } from './cluster-conformance/claims.ts'
import { ClusterScenario, type ClusterStore } from './cluster-conformance/cluster-scenario.ts'
import { exchangeConformance } from './cluster-conformance/exchange.ts'
import { finishingConformance } from './cluster-conformance/finishing.ts'
import { lateRequestConformance } from './cluster-conformance/late-requests.ts'
import { membershipConformance } from './cluster-conformance/membership.ts'
import { openingConformance } from './cluster-conformance/opening.ts'
import { partitionConformance } from './cluster-conformance/partitions.ts'
import { stagingConformance } from './cluster-conformance/staging.ts'
import { watermarkConformance } from './cluster-conformance/watermarks.ts'
import { type Skips, suiteOf, type SuiteOptions } from './suite.ts'

export type { ClusterStore } from './cluster-conformance/cluster-scenario.ts'

/** Arguments of {@link clusterConformance}. */
export interface ClusterConformanceOptions extends SuiteOptions {
  /** A fresh, empty store; called once a test. */
  readonly create: () => Promise<ClusterStore>
  /** How long leases last in the tests; short where {@link ClusterStore.advance} has to wait. @default 10_000 */
  readonly leaseMs?: number
  /** Names of tests that cannot be run, each with the reason. */
  readonly skip?: Skips<string>
}

/** Checks every sentence of the `ClusterBackplane` contract, with repeats and late duplicates of its requests. */
export function clusterConformance(options: ClusterConformanceOptions): void {
  const { expect, create, leaseMs = 10_000 } = options
  const test = suiteOf<string, ClusterScenario>(options, async (check) => {
    const store = await create()
    try {
      await check(new ClusterScenario(store, leaseMs))
    } finally {
      await store.dispose()
    }
  })
  const parts = [
    openingConformance,
    claimConformance,
    membershipConformance,
    partitionConformance,
    watermarkConformance,
    exchangeConformance,
    stagingConformance,
    finishingConformance,
    lateRequestConformance,
  ]
  for (const part of parts) part(test, expect)
}
