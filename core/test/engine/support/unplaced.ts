/**
 * Builds without noting where in the code each step stands: under source maps that takes ten times as long as all else
 * that a property does with a topology.
 */
export function unplaced<T>(build: () => T): T {
  const { prepareStackTrace } = Error
  Error.prepareStackTrace = () => ''
  try {
    return build()
  } finally {
    Error.prepareStackTrace = prepareStackTrace
  }
}
