/** In ms; a timer of more fires at once. */
export const longestTimerMs: number = 2 ** 31 - 1
