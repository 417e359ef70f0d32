import { lines } from '@millrace/core'
import type { Codec } from '@millrace/core'

/** Each line as text. */
export const text: Codec<string> = lines()
