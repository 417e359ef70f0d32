import { badOption } from '@millrace/core'

/** What Java reads and JavaScript would take for something else, without an error. */
const onlyInJava: readonly (readonly [RegExp, string])[] = [
  [/\\[pP]\{/, 'classes such as \\p{Alpha}; write [A-Za-z]'],
  [/\\[QE]/, 'quotes of \\Q and \\E; escape each character'],
  [/\\[AGzZ]/, 'anchors such as \\A and \\z; write ^ or $'],
  [/\\[aehHRVXv0]/, 'escapes such as \\h and \\R; write the characters'],
  [/(?<!\\)\[\^?\]/, 'a ] that comes first in a class; write \\]'],
  [/(?<!\\)\[(?:[^\]\\]|\\.)*\[/, 'classes within a class; write one class, and \\[ for the character'],
  [/(?<!\\)\[(?:[^\]\\]|\\.)*&&/, 'intersections of classes; write the one class'],
]

/**
 * A regular expression of a configuration that was written for Java. `(?i)`, `(?s)` and `(?m)` at its start are flags.
 *
 * @throws MillraceError BAD_OPTION, naming the field, for what would match other lines here
 */
export function javaRegex(value: unknown, where: string): RegExp {
  if (typeof value !== 'string' || value === '') throw badOption(`${where}: must be a regular expression as text`)
  const [, flags = '', pattern = ''] = /^(?:\(\?([ism]+)\))?(.*)$/s.exec(value) ?? []
  // an escaped backslash escapes nothing
  const bare = pattern.replaceAll('\\\\', '')
  const found = onlyInJava.find(([sign]) => sign.test(bare))
  if (found !== undefined) throw badOption(`${where}: '${value}' has what is of Java only: ${found[1]}`)
  try {
    return new RegExp(pattern, [...new Set(flags)].join(''))
  } catch (error) {
    throw badOption(`${where}: '${value}' is no regular expression: ${(error as Error).message}`)
  }
}
