/**
 * Names of the keys of one job, all with one hash tag, so that they lie together in a Redis Cluster. What each holds is
 * in the README beside this file.
 */
export class Keys {
  /** Begins every key of the job. */
  readonly prefix: string

  constructor(job: string) {
    // a brace in the name of a job would end the hash tag, or begin the keys of another job
    this.prefix = `{millrace:${job.replaceAll(/[%{}]/g, (char) => encodeURIComponent(char))}}:`
  }

  readonly of = (name: string): string => this.prefix + name
}

/** Writes a time in event time, or another number, as Redis reads it. */
export function formatScore(score: number): string {
  if (score === Infinity) return 'inf'
  return score === -Infinity ? '-inf' : String(score)
}

/** Reads {@link formatScore} and what Redis makes of it. */
export function parseScore(text: string): number {
  if (text === 'inf' || text === '+inf') return Infinity
  return text === '-inf' ? -Infinity : Number(text)
}
