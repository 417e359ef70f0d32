/** Parameters of a property: so many runs, and `RUNS` times as many where that is set, for a long night. */
export const runs = (numRuns: number): { readonly numRuns: number } => ({
  numRuns: numRuns * Number(process.env['RUNS'] ?? 1),
})
