import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { MillraceError } from '@millrace/core'

/**
 * Makes a file or folder durable. An error here is not to be tried again: the system may have dropped what it could not
 * write, and a second call would succeed without it. So the task has to start from its last checkpoint.
 */
export async function sync(handle: FileHandle, path: string): Promise<void> {
  try {
    await handle.sync()
  } catch (error) {
    throw new MillraceError('SINK', `${path}: could not be made durable: ${String(error)}`, { cause: error })
  }
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path)
  try {
    await sync(handle, path)
  } finally {
    await handle.close()
  }
}

/** Writes all of some bytes at an offset; after an error as many of them as were written stand there. */
export async function writeAt(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, offset + written)
    written += bytesWritten
  }
}
