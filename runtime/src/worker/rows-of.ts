import type { Records } from '@millrace/core'

/** How many rows a read gave. */
export const rowsOf = ({ slab, values, exchange }: Records<unknown>): number =>
  slab?.length ?? values?.length ?? exchange?.rows?.reduce((sum, { length }) => sum + length, 0) ?? 0

/** Bytes that the rows of a slab span: its memory may be larger than what was read. */
export const bytesOf = ({ slab }: Records<unknown>): number =>
  slab === undefined || slab.length === 0 ? 0 : (slab.ends[slab.length - 1] ?? 0) - (slab.starts[0] ?? 0)
