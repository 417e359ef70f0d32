import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sinkConformance } from '@millrace/core/testing'
import { folder } from '@millrace/file'
import type { FolderOptions } from '@millrace/file'
import { describe, expect, test } from 'vitest'
import { temporaryFolder, visibleLines } from './support/temporary.ts'
import { text } from './support/text.ts'

const variants: { name: string; options: Partial<FolderOptions<string>> }[] = [
  { name: 'a folder', options: {} },
  { name: 'a folder of gzip files', options: { compression: 'gzip' } },
  { name: 'a folder of zstd files', options: { compression: 'zstd' } },
  { name: 'a folder with subfolders', options: { subfolder: (value) => `last=${value.slice(-1)}` } },
  { name: 'a folder of small files', options: { roll: { records: 3 } } },
  { name: 'a folder with few open files', options: { subfolder: (value) => `n=${value}`, maxOpenFiles: 2 } },
  { name: 'a folder whose files are due at each checkpoint', options: { roll: { age: 0 } } },
]

for (const { name, options } of variants) {
  describe(`${name}`, () => {
    sinkConformance({
      test,
      expect,
      guarantee: 'exactly-once',
      create: async () => {
        const path = await temporaryFolder()
        const output = join(path, 'out')
        await writeFile(join(path, 'file'), '')
        return {
          sink: folder({ path: output, encode: text, ...options }),
          record: (n) => String(n),
          unwritable: '\ud800',
          visible: async () => (await visibleLines(output)).map(Number),
          lose: ({ data }) => rm((data as { from: string }).from),
          unreachable: folder({ path: join(path, 'file', 'out'), encode: text }),
        }
      },
    })
  })
}
