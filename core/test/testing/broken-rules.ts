import type { SkippingTestFunction } from '../../src/testing/suite.ts'

/** Runs a suite and names the rules that are broken. */
export async function brokenRules(suite: (test: SkippingTestFunction) => void): Promise<string[]> {
  const tests: [rule: string, run: () => Promise<void>][] = []
  suite((rule, run) => tests.push([rule, run]))
  const broken: string[] = []
  for (const [rule, run] of tests) {
    await run().catch(() => broken.push(rule))
  }
  return broken
}
