/**
 * Walks over JSON values without building them, refusing exactly what `JSON.parse` refuses.
 *
 * Every function takes the bytes, a view of the same bytes, where to begin, and the end of the record; it reads nothing
 * at or after `end`, and answers where the value ends, or -1 for anything that is not JSON (or is not worth the code:
 * the caller then asks `JSON.parse`).
 */

const quote = 0x22
const backslash = 0x5c

/** 1 for bytes that stand for themselves in a JSON string: ASCII without control characters, quotes and backslashes. */
export const isPlain: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte >= 0x20 && byte < 0x80 && byte !== quote && byte !== backslash),
)

/** Where the first byte is that is not plain text, or `end`. */
export function plainEnd(bytes: Uint8Array, view: DataView, start: number, end: number): number {
  let at = start
  for (; at + 4 <= end; at += 4) {
    const word = view.getInt32(at, true)
    // The top bit of each byte that is a control character, a quote, a backslash or not ASCII. A borrow may set those of
    // the bytes after a hit, never of one before it, so the lowest is right.
    const hits =
      ((word - 0x20202020) | ((word ^ 0x22222222) - 0x01010101) | ((word ^ 0x5c5c5c5c) - 0x01010101) | word) &
      0x80808080
    if (hits !== 0) return at + ((31 - Math.clz32(hits & -hits)) >> 3)
  }
  while (at < end && isPlain[bytes[at]!] === 1) at++
  return at
}

/** Skips a string, `start` being after its opening quote; answers the place after the closing one. */
export function skipString(bytes: Uint8Array, view: DataView, start: number, end: number): number {
  let at = start
  for (;;) {
    at = plainEnd(bytes, view, at, end)
    if (at >= end) return -1
    const byte = bytes[at]!
    if (byte === quote) return at + 1
    if (byte < 0x20) return -1
    at = byte === backslash ? skipEscape(bytes, at + 1, end) : skipCharacter(bytes, at, end)
    if (at < 0) return -1
  }
}

const bytesIn = (letters: string): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, byte) => Number(letters.includes(String.fromCharCode(byte))))

const isEscapable = bytesIn('"\\/bfnrt')
const isHexDigit = bytesIn('0123456789abcdefABCDEF')

/** Skips what follows a backslash. */
function skipEscape(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return -1
  if (isEscapable[bytes[start]!] === 1) return start + 1
  if (bytes[start] !== 0x75 || start + 5 > end) return -1
  for (let at = start + 1; at < start + 5; at++) if (isHexDigit[bytes[at]!] === 0) return -1
  return start + 5
}

/** Skips one character of two to four bytes of UTF-8: not overlong, no surrogate, at most U+10FFFF. */
function skipCharacter(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!
  const more = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0
  if (more === 0 || at + more >= end) return -1
  const second = bytes[at + 1]!
  if (second < lowestSecond(first) || second > highestSecond(first)) return -1
  for (let n = 2; n <= more; n++) if ((bytes[at + n]! & 0xc0) !== 0x80) return -1
  return at + more + 1
}

const lowestSecond = (first: number): number => (first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80)
const highestSecond = (first: number): number => (first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf)

/** Skips a number. What follows it is for the caller to check. */
export function skipNumber(bytes: Uint8Array, view: DataView, start: number, end: number): number {
  let at = start < end && bytes[start] === 0x2d ? start + 1 : start
  if (at < end && bytes[at] === 0x30) at++
  else if ((at = skipDigits(bytes, view, at, end)) < 0) return -1
  if (at < end && bytes[at] === 0x2e && (at = skipDigits(bytes, view, at + 1, end)) < 0) return -1
  if (at >= end || (bytes[at]! | 0x20) !== 0x65) return at
  at++
  if (at < end && (bytes[at] === 0x2b || bytes[at] === 0x2d)) at++
  return skipDigits(bytes, view, at, end)
}

/** Skips digits, at least one. */
function skipDigits(bytes: Uint8Array, view: DataView, start: number, end: number): number {
  let at = start
  while (at + 4 <= end && areDigits(view.getInt32(at, true))) at += 4
  while (at < end && bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at++
  return at > start ? at : -1
}

/** Whether four bytes are digits: what is none leaves a top bit, by itself or when the sum overflows seven bits. */
function areDigits(word: number): boolean {
  const digits = word ^ 0x30303030
  return (((digits + 0x76767676) | digits) & 0x80808080) === 0
}

/** Skips spaces, tabs and line ends, of which there may be none. */
export function skipBlank(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && isBlank(bytes[at]!)) at++
  return at
}

/** Whether a byte is white space to JSON. */
export const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/** Deeper values than this are left to `JSON.parse`, so that no record can exhaust the stack. */
const deepest = 64

/** Skips any value, `start` being at its first byte. */
export function skipValue(bytes: Uint8Array, view: DataView, start: number, end: number, depth: number = 0): number {
  if (start >= end) return -1
  switch (bytes[start]) {
    case quote:
      return skipString(bytes, view, start + 1, end)
    case 0x7b:
      return depth < deepest ? skipObject(bytes, view, start + 1, end, depth + 1) : -1
    case 0x5b:
      return depth < deepest ? skipArray(bytes, view, start + 1, end, depth + 1) : -1
    case 0x74:
      return start + 4 <= end && view.getInt32(start) === 0x74727565 ? start + 4 : -1
    case 0x66:
      return start + 5 <= end && view.getInt32(start + 1) === 0x616c7365 ? start + 5 : -1
    case 0x6e:
      return start + 4 <= end && view.getInt32(start) === 0x6e756c6c ? start + 4 : -1
    default:
      return skipNumber(bytes, view, start, end)
  }
}

function skipObject(bytes: Uint8Array, view: DataView, start: number, end: number, depth: number): number {
  let at = skipBlank(bytes, start, end)
  if (at < end && bytes[at] === 0x7d) return at + 1
  for (;;) {
    if (at >= end || bytes[at] !== quote) return -1
    at = skipString(bytes, view, at + 1, end)
    if (at < 0) return -1
    at = skipBlank(bytes, at, end)
    if (at >= end || bytes[at] !== 0x3a) return -1
    at = skipValue(bytes, view, skipBlank(bytes, at + 1, end), end, depth)
    if (at < 0) return -1
    at = skipBlank(bytes, at, end)
    if (at >= end) return -1
    if (bytes[at] === 0x7d) return at + 1
    if (bytes[at] !== 0x2c) return -1
    at = skipBlank(bytes, at + 1, end)
  }
}

function skipArray(bytes: Uint8Array, view: DataView, start: number, end: number, depth: number): number {
  let at = skipBlank(bytes, start, end)
  if (at < end && bytes[at] === 0x5d) return at + 1
  for (;;) {
    at = skipValue(bytes, view, at, end, depth)
    if (at < 0) return -1
    at = skipBlank(bytes, at, end)
    if (at >= end) return -1
    if (bytes[at] === 0x5d) return at + 1
    if (bytes[at] !== 0x2c) return -1
    at = skipBlank(bytes, at + 1, end)
  }
}
