import { generate } from '../../state/generate.ts'

/** Longer texts are made faster by the platform than from their character codes. */
const longest = 24

/** Makes short ASCII text of bytes without leaving JavaScript; needs code generation. */
export type MakeAscii = (bytes: Uint8Array, start: number, end: number, other: MakeOther) => string

type MakeOther = (start: number, end: number) => string

/** `String.fromCharCode` with as many arguments as there are bytes: a call of the platform takes three times as long. */
export function compileAsciiMaker(): MakeAscii {
  const cases = Array.from({ length: longest + 1 }, (_, length) => {
    const codes = Array.from({ length }, (__, i) => `bytes[p + ${i}]`)
    return `case ${length}: return ${length === 0 ? `''` : `make(${codes.join(', ')})`}`
  })
  const body = `
return (bytes, p, end, other) => {
  switch (end - p) {
    ${cases.join('\n    ')}
    default: return other(p, end)
  }
}`
  return generate<MakeAscii>('json-ascii', { make: String.fromCharCode }, body)
}
