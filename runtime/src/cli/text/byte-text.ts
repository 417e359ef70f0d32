const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text that bytes are; undefined when they are no text, or hold signs that a terminal obeys. */
export function asText(bytes: Uint8Array): string | undefined {
  try {
    const text = utf8.decode(bytes)
    return /[^\P{Cc}\t\n\r]/u.test(text) ? undefined : text
  } catch {
    return undefined
  }
}

const perLine = 16

/** Sixteen bytes a line: offset, hex, and those that are ASCII. */
export function hexDump(bytes: Uint8Array): string {
  const lines = Array.from({ length: Math.ceil(bytes.length / perLine) }, (_, i) => i * perLine)
  return lines.map((at) => hexLine(at, bytes.subarray(at, at + perLine))).join('\n')
}

function hexLine(at: number, bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
  const ascii = Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
  return `${at.toString(16).padStart(8, '0')}  ${hex.padEnd(perLine * 3 - 1)}  ${ascii}`
}
