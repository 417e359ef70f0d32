import type { Aggregate } from './aggregate.ts'
import { endOfOrder } from './end-of-order.ts'

/**
 * The record of the greatest event time; among equal ones that of the alphabetically last partition, and there the
 * latest. Keeps one record; cannot subtract, so sliding windows keep two stacks of panes a key.
 */
export const last = <T>(): Aggregate<T, T> => endOfOrder('last')
