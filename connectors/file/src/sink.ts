import type { Sink } from '@millrace/core'
import { resolveFolderOptions } from './options.ts'
import type { FolderOptions, ResolvedFolderOptions } from './options.ts'
import { makeFolders, openWriter } from './writing/folder-writer.ts'

/**
 * Writes files into a folder, exactly once: files are written hidden and appear, complete, when the checkpoint that holds
 * their records is accepted. Whoever reads the folder sees whole files only; he may move or delete them once the job is
 * a checkpoint further.
 *
 * @example
 * ```ts
 * views.to(folder({ path: 'out/views', encode: json(), subfolder: 'date={date}', compression: 'zstd' }))
 * ```
 */
export function folder<T>(options: FolderOptions<T>): Sink<T> {
  const resolved = resolveFolderOptions(options)
  return {
    kind: 'file',
    guarantee: 'exactly-once',
    description: describe(resolved),
    open: (context) => openWriter(resolved, context),
    check: async () => void (await makeFolders(resolved.path)),
  }
}

function describe<T>({ path, subfolder, compression, encode }: ResolvedFolderOptions<T>): string {
  const where = typeof subfolder === 'string' ? `${path}/${subfolder}` : path
  return `folder(${[where, encode.description, compression !== 'none' && compression].filter(Boolean).join('; ')})`
}
