import type { Aggregate } from './aggregate.ts'
import { endOfOrder } from './end-of-order.ts'

/**
 * The record of the smallest event time; among equal ones that of the alphabetically first partition, and there the
 * earliest. Keeps one record; cannot subtract, so sliding windows keep two stacks of panes a key.
 */
export const first = <T>(): Aggregate<T, T> => endOfOrder('first')
