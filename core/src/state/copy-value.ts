/** A copy, all the way down, of what state can hold; anything else is given back as it is. */
export function copyValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copyValue)
  if (value instanceof Map) return new Map(Array.from(value, ([key, item]) => [copyValue(key), copyValue(item)]))
  if (value instanceof Set) return new Set(Array.from(value, copyValue))
  if (value instanceof Date) return new Date(value)
  if (value instanceof Uint8Array) return value.slice()
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, copyValue(item)]))
}
