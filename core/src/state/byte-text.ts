/** What Node's Buffer offers beside Uint8Array and this package uses; other platforms do without. */
interface NativeBytes extends Uint8Array {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
}

interface NativeBuffer {
  readonly prototype: object
  from(memory: ArrayBufferLike, offset: number, length: number): NativeBytes
}

// A BOM stays in the text: what it means is for the codec to say.
const fatalUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Text out of bytes. Cheap to make, and valid as long as the bytes. */
export interface ByteText {
  /** The bytes, always of one class, so that code that scans them stays monomorphic. */
  readonly bytes: Uint8Array
  /** Text of bytes known to be ASCII. */
  ascii(start: number, end: number): string
  /** One character a byte, U+0000 to U+00FF: equal for equal bytes only. */
  binary(start: number, end: number): string
  /** Text of UTF-8; throws a TypeError when it is not. */
  utf8(start: number, end: number): string
}

class NativeText implements ByteText {
  readonly bytes: NativeBytes

  constructor(bytes: NativeBytes) {
    this.bytes = bytes
  }

  ascii(start: number, end: number): string {
    return this.bytes.latin1Slice(start, end)
  }

  binary(start: number, end: number): string {
    return this.bytes.latin1Slice(start, end)
  }

  utf8(start: number, end: number): string {
    // Several times faster than a fatal decoder, which is asked only where U+FFFD may stand for broken bytes.
    const text = this.bytes.utf8Slice(start, end)
    return text.includes('\ufffd') ? fatalUtf8.decode(this.bytes.subarray(start, end)) : text
  }
}

class PortableText implements ByteText {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  ascii(start: number, end: number): string {
    return this.utf8(start, end)
  }

  binary(start: number, end: number): string {
    let text = ''
    for (let at = start; at < end; at += 4096) {
      text += String.fromCharCode(...this.bytes.subarray(at, Math.min(at + 4096, end)))
    }
    return text
  }

  utf8(start: number, end: number): string {
    return fatalUtf8.decode(this.bytes.subarray(start, end))
  }
}

/** Reads text from bytes with TextDecoder alone. */
export const portableText = (bytes: Uint8Array): ByteText => new PortableText(bytes)

function findNativeBuffer(): NativeBuffer | undefined {
  const buffer = (globalThis as unknown as { readonly Buffer?: NativeBuffer }).Buffer
  const usable = buffer !== undefined && 'latin1Slice' in buffer.prototype && 'utf8Slice' in buffer.prototype
  return usable ? buffer : undefined
}

const native = findNativeBuffer()

/** Reads text from bytes in the fastest way the platform has. */
export const byteText: (bytes: Uint8Array) => ByteText =
  native === undefined
    ? portableText
    : (bytes) => new NativeText(native.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
