const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const toUtf8 = new TextEncoder()

const backslash = 92
const controls: Readonly<Record<string, number>> = { b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 }

/**
 * Text of some bytes of a log, in which servers write what would break a line as `\"`, `\\`, `\n` or `\xhh`. What is not
 * UTF-8 becomes U+FFFD: it was sent by some client, and the rest of the line is good.
 */
export function unescapeBytes(bytes: Uint8Array, start: number, end: number): string {
  const out = new Uint8Array(end - start)
  let length = 0
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!
    if (byte !== backslash || i + 1 >= end) {
      out[length++] = byte
      continue
    }
    const letter = String.fromCharCode(bytes[i + 1]!)
    const hex = letter === 'x' ? hexByte(bytes, i + 2, end) : -1
    const control = controls[letter]
    if (hex >= 0) i += 3
    else if (control !== undefined || letter === '"' || letter === '\\') i += 1
    out[length++] = hex >= 0 ? hex : (control ?? bytes[i]!)
  }
  return utf8.decode(out.subarray(0, length))
}

function hexByte(bytes: Uint8Array, at: number, end: number): number {
  if (at + 2 > end) return -1
  const digits = String.fromCharCode(bytes[at]!, bytes[at + 1]!)
  return /^[0-9a-fA-F]{2}$/.test(digits) ? Number.parseInt(digits, 16) : -1
}

/** Writes text so that {@link unescapeBytes} gives it back: `hidden` are the characters that must not stand there. */
export function escapeText(text: string, hidden: RegExp): string {
  return text.replace(hidden, (char) => {
    if (char === '"' || char === '\\') return `\\${char}`
    return Array.from(toUtf8.encode(char), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
  })
}
