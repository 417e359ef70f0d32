import type { Expect, TestFunction } from './test-runner.ts'

/** A {@link TestFunction} that may know how to list a test as skipped. */
export interface SkippingTestFunction extends TestFunction {
  readonly skip?: TestFunction
}

/** What every conformance suite of a connector takes. */
export interface SuiteOptions {
  readonly test: SkippingTestFunction
  readonly expect: Expect
}

/** Rules that are not tried, each with the reason. */
export type Skips<Rule extends string> = { readonly [R in Rule]?: string }

/** Registers one rule of a suite as a test. */
export type RegisterRule<Rule extends string, Trial> = (rule: Rule, check: (trial: Trial) => Promise<void>) => void

/** A suite whose rules can be skipped, for a reason; `around` makes what a check needs, and frees it. */
export function suiteOf<Rule extends string, Trial>(
  { test, skip }: SuiteOptions & { readonly skip?: Skips<Rule> },
  around: (check: (trial: Trial) => Promise<void>) => Promise<void>,
): RegisterRule<Rule, Trial> {
  return (rule, check) => {
    const reason = skip?.[rule]
    if (reason === undefined) test(rule, () => around(check))
    else test.skip?.(`${rule} (skipped: ${reason})`, async () => undefined)
  }
}
