/** The present, as an argument: the runtime gives the real one, tests and simulations their own. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. May step back, as wall clocks do. */
  now(): number
}
