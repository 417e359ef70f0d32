import type { MillraceError } from '@millrace/core'

/** One thing that is wrong. */
export interface Problem {
  readonly message: string
  /** Place in the user's code, where it is known. */
  readonly at?: string
}

/** The problems that the message of an error lists, each on a line of its own; else the message as the only one. */
export function problemsOf({ message }: MillraceError): Problem[] {
  const [head = '', ...listed] = message.split('\n  - ')
  return (listed.length > 0 ? listed : [head]).map(problem)
}

function problem(text: string): Problem {
  const [, message, at] = /^(.*) \(at (.+:\d+:\d+)\)$/s.exec(text) ?? []
  return message === undefined || at === undefined ? { message: text } : { message, at }
}
