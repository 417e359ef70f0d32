import { badOption } from './errors.ts'

/** An amount of data: bytes, or a number with a unit: `'64KiB'`, `'8MiB'`, `'1GiB'`. */
export type Size = number | `${number}${'B' | 'KiB' | 'MiB' | 'GiB'}`

const unitBytes: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }

/** Bytes of a {@link Size}; `field` names the option in the error. Refuses anything that is not above zero. */
export function sizeBytes(size: Size | string, field: string): number {
  const match = typeof size === 'string' ? /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB)$/.exec(size) : undefined
  const bytes =
    typeof size === 'number' ? size : match ? Math.floor(Number(match[1]) * (unitBytes[match[2] ?? ''] ?? NaN)) : NaN
  if (Number.isFinite(bytes) && bytes > 0) return bytes
  throw badOption(`${field}: ${JSON.stringify(size)} is not a size; write bytes or one like '64KiB', '8MiB'`)
}
