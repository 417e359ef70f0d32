import type { DeadLetter, StoredDeadLetter } from '@millrace/core'
import type { LetterReply } from './scripts.ts'

type Head = Omit<StoredDeadLetter, 'id' | 'state' | 'bytes'>

/** A dead letter as Redis keeps it: the length of its head, the head as JSON, its bytes. */
export function encodeLetter(letter: DeadLetter, seq: number, at: number): Uint8Array {
  const { bytes, ...rest } = letter
  const head = Buffer.from(JSON.stringify({ ...rest, seq, at }))
  const encoded = Buffer.alloc(4 + head.length + bytes.length)
  encoded.writeUInt32BE(head.length)
  encoded.set(head, 4)
  encoded.set(bytes, 4 + head.length)
  return encoded
}

/** Reads {@link encodeLetter}. */
export function decodeLetter({ id, state, bytes }: LetterReply): StoredDeadLetter {
  const encoded = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const end = 4 + encoded.readUInt32BE()
  const head = JSON.parse(encoded.toString('utf8', 4, end)) as Head
  return { ...head, time: head.time, id, state, bytes: new Uint8Array(encoded.subarray(end)) }
}
