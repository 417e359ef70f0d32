import { MillraceError } from '../errors.ts'
import { callerLocation } from './location.ts'
import type { Location } from './node.ts'

/** Something a topology does wrong, and where in the user's code. */
export interface TopologyProblem {
  /** What is wrong and what to do. */
  readonly message: string
  readonly at: Location
}

/** A problem on one line. */
export const problemText = ({ message, at }: TopologyProblem): string => (at === '' ? message : `${message} (at ${at})`)

/** The error of a call that makes no sense where it stands, with the place of that call. */
export const misuse = (message: string, at: Location = callerLocation()): MillraceError =>
  new MillraceError('BAD_TOPOLOGY', problemText({ message, at }))

/** Refuses what is no function, for callers without types. */
export function needFunction(fn: unknown, call: string, at?: Location): void {
  if (typeof fn !== 'function') throw misuse(`${call} needs a function, not ${describe(fn)}`, at)
}

const describe = (value: unknown): string =>
  value === null ? 'null' : value === undefined ? 'nothing' : `a value of type ${typeof value}`
