import { cpus, totalmem } from 'node:os'

/** One line about where figures were measured: they mean nothing without it. */
export const machine = (): string => {
  const [cpu] = cpus()
  return `${cpu?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 1024 ** 3)} GiB, Node ${process.version}`
}

/** The middle one of some figures. */
export const median = (figures: readonly number[]): number =>
  figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? NaN

/** The last line of every benchmark: `RESULT <name> key=value …`, so that figures can be compared over time. */
export function printResult(name: string, figures: Readonly<Record<string, number>>): void {
  const rounded = Object.entries(figures).map(
    ([key, value]) => `${key}=${Math.abs(value) >= 100 ? Math.round(value) : value.toFixed(2)}`,
  )
  console.log(`RESULT ${name} ${rounded.join(' ')}`)
}
