/**
 * Builds without noting where in the code each step stands: under source maps that takes ten times as long as all else
 * that a property does with a topology.
 */
export function unplaced<T>(build: () => T): T {
  const before = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace')
  Object.defineProperty(Error, 'prepareStackTrace', { value: () => '', configurable: true })
  try {
    return build()
  } finally {
    if (before) Object.defineProperty(Error, 'prepareStackTrace', before)
    else Reflect.deleteProperty(Error, 'prepareStackTrace')
  }
}
