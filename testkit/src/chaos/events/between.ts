import type { Random } from '../../../random.ts'

/** A whole number from `least` up to `most`. */
export const between = (random: Random, least: number, most: number): number =>
  Math.floor(least + random() * (most - least + 1))
