import { badRecord } from '../bad-record.ts'
import type { ByteText } from '../../state/byte-text.ts'

const byteOrderMark = 0xfeff

/**
 * The JSON value that some bytes are; throws a BAD_RECORD for anything that is not UTF-8 or not JSON. A byte order mark
 * before it is skipped, as RFC 8259 allows: programs on Windows begin files with one.
 */
export function parseJson(text: ByteText, start: number, end: number): unknown {
  const json = decoded(text, start, end)
  try {
    return JSON.parse(json.charCodeAt(0) === byteOrderMark ? json.slice(1) : json)
  } catch (cause) {
    throw badRecord(
      start === end ? 'the record is empty' : `the record is not JSON: ${(cause as Error).message}`,
      cause,
    )
  }
}

function decoded(text: ByteText, start: number, end: number): string {
  try {
    return text.utf8(start, end)
  } catch (cause) {
    throw badRecord('the record is not UTF-8', cause)
  }
}
