import { MillraceError } from '@millrace/core'

/** @throws MillraceError for data and key that are larger than the stream takes */
export function checkSize(stream: string, bytes: number, maxRecordBytes: number): void {
  if (bytes > maxRecordBytes)
    throw new MillraceError(
      'RECORD_TOO_LARGE',
      `stream ${stream}: a record has ${bytes} bytes with its key, more than ${maxRecordBytes}; raise the stream's limit by UpdateMaxRecordSize, and maxRecordBytes with it`,
    )
}
