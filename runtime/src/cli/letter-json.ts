import type { StoredDeadLetter } from '@millrace/core'
import { asText } from './text/byte-text.ts'

/** A dead letter for `--json`: its bytes as base64, and as text where they are one. */
export const letterJson = ({ at, time, bytes, ...letter }: StoredDeadLetter): object => ({
  ...letter,
  at: new Date(at).toISOString(),
  time,
  text: asText(bytes),
  base64: Buffer.from(bytes).toString('base64'),
})
