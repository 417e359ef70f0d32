/** How deep values may lie in each other: as in state. */
export const deepest = 500

/** Whether a field of this name comes through msgpackr as it is. */
export function isOrdinaryName(name: string): boolean {
  switch (name) {
    case '__proto__':
    case '__keys__':
    case 'constructor':
    case 'hasOwnProperty':
    case 'toJSON':
      return false
    default:
      return name.isWellFormed()
  }
}

/** Whether msgpackr has it in its 64 bits. */
export const isInt64 = (value: bigint): boolean => BigInt.asIntN(64, value) === value

/**
 * Whether msgpackr gives back exactly this value, and without extensions (but that for undefined): anybody in the
 * process can change those, and then other processes could not read the frame.
 */
export function isPlain(value: unknown, depth: number = 0): boolean {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed()
    case 'number':
      return value !== 0 || !Object.is(value, -0)
    case 'boolean':
    case 'undefined':
      return true
    case 'bigint':
      return isInt64(value)
    case 'object':
      return value === null || (depth < deepest && isPlainObject(value, depth + 1))
    case 'function':
    case 'symbol':
      return false
  }
}

function isPlainObject(value: object, depth: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (Array.isArray(value)) return prototype === Array.prototype && value.every((item) => isPlain(item, depth))
  return prototype === Object.prototype && hasPlainFields(value as Record<string, unknown>, depth)
}

function hasPlainFields(value: Record<string, unknown>, depth: number): boolean {
  for (const name in value) if (!isOrdinaryName(name) || !isPlain(value[name], depth)) return false
  return true
}
