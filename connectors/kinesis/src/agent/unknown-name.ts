import { badOption } from '@millrace/core'

/** The error for a field that is not known, with the one that may be meant. */
export function unknownName(name: string, where: string, known: readonly string[]): Error {
  const like =
    known.find((each) => each.toLowerCase() === name.toLowerCase()) ?? known.find((each) => isNear(each, name))
  return badOption(`${where}: '${name}' is not known${like === undefined ? '' : `; did you mean ${like}?`}`)
}

/** One letter too many, too few, or another one. */
function isNear(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false
  let i = 0
  while (i < a.length && a[i] === b[i]) i++
  let [endA, endB] = [a.length, b.length]
  while (endA > i && endB > i && a[endA - 1] === b[endB - 1]) {
    endA--
    endB--
  }
  return endA - i <= 1 && endB - i <= 1
}
