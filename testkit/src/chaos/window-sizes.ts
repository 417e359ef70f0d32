/** Sizes of the windows of the job, in ms. */
export const sizes = { counts: 1_000, groups: 4_000, unique: 2_000 } as const
