/** Registers a test, as `test` of Vitest, Jest or `node:test` does. */
export type TestFunction = (name: string, run: () => Promise<void>) => unknown

/** What the conformance suites use of `expect`. */
export interface Assertion {
  toBe(expected: unknown): void
  toEqual(expected: unknown): void
  toMatchObject(expected: object): void
  toBeGreaterThan(expected: number): void
  toBeLessThanOrEqual(expected: number): void
}

/** Makes an {@link Assertion}, as `expect` of Vitest and Jest does. */
export type Expect = (actual: unknown) => Assertion
