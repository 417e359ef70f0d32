import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { sourceConformance } from '@millrace/core/testing'
import { files } from '@millrace/file'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from './support/temporary.ts'
import { text } from './support/text.ts'

const content = [lines('a', 5_000), lines('b', 3), lines('', 200)]

function lines(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => prefix.repeat(i % 50) + i)
}

const variants = [
  { name: 'files', compress: (bytes: Buffer) => bytes, follow: false },
  { name: 'gzip files', compress: (bytes: Buffer) => gzipSync(bytes), follow: false },
  { name: 'zstd files', compress: (bytes: Buffer) => zstdCompressSync(bytes), follow: false },
  { name: 'files that are followed', compress: (bytes: Buffer) => bytes, follow: true },
  { name: 'gzip files that are followed', compress: (bytes: Buffer) => gzipSync(bytes), follow: true },
]

for (const { name, compress, follow } of variants) {
  describe(`${name}`, () => {
    sourceConformance({
      test,
      expect,
      create: async () => {
        const folder = await temporaryFolder()
        for (const [i, list] of content.entries()) {
          await writeFile(join(folder, `${i}.log`), compress(Buffer.from(list.map((line) => `${line}\n`).join(''))))
        }
        return {
          source: files({ path: join(folder, '*.log'), decode: text, follow }),
          content,
          unreachable: files({ path: join(folder, '*.missing'), decode: text }),
        }
      },
    })
  })
}
