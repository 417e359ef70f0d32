import { isMillraceError } from '@millrace/core'
import { hints } from './hints.ts'
import { userPlace } from './user-place.ts'

/** How much of an error is said. */
export interface ErrorTextOptions {
  /** With its causes, and the stacks of those that are not ours. */
  readonly debug: boolean
}

/** What went wrong as people read it: the message, what is known of where, what to do. */
export function errorText(error: unknown, options: ErrorTextOptions): string {
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.map((each: unknown) => errorText(each, options)).join('')
  const fields = Object.entries(errorFields(error)).map(([name, value]) => `  ${name.padEnd(9)}  ${value}\n`)
  const causes = options.debug ? causesText(error) : ''
  return `error: ${indented(messageOf(error))}\n${fields.join('')}${causes}`
}

/** What is known of an error beside its message, by name. */
export function errorFields(error: unknown): { readonly [name: string]: string } {
  const place = userPlace(innermost(error))
  const at = place === undefined ? {} : { at: place }
  if (!isMillraceError(error)) return at
  const { code, node, partition, position } = error
  const known = Object.entries({ code, node, partition, position, ...at, hint: hints[code] })
  return Object.fromEntries(known.filter((field): field is [string, string] => Boolean(field[1])))
}

/** An error and what lies below it, outermost first; ends where causes go in a circle. */
export function causeChain(error: unknown): readonly unknown[] {
  const chain: unknown[] = []
  for (let at = error; at != null && !chain.includes(at); at = at instanceof Error ? at.cause : undefined)
    chain.push(at)
  return chain
}

/** The message of whatever was thrown. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message || error.name : String(error)

/** A stack says nothing about an error of ours that its fields do not say better. */
export const stackOf = (error: unknown): string | undefined =>
  error instanceof Error && !isMillraceError(error) ? error.stack : undefined

const innermost = (error: unknown): unknown => causeChain(error).at(-1)

function causesText(error: unknown): string {
  const [first, ...causes] = causeChain(error)
  const own = stackOf(first)
  const below = causes.map((cause) => `  caused by  ${indented(stackOf(cause) ?? messageOf(cause))}\n`)
  return [own === undefined ? '' : `  ${indented(own)}\n`, ...below].join('')
}

/** Lines stay lines; a message may hold what a record held, which must not move the cursor of a terminal. */
const indented = (text: string): string => text.replace(/[^\P{Cc}\t\n]/gu, '\u{fffd}').replaceAll('\n', '\n  ')
