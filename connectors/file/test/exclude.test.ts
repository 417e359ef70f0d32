import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { files } from '@millrace/file'
import { expect, test } from 'vitest'
import { temporaryFolder } from './support/temporary.ts'
import { text } from './support/text.ts'

async function partitionsOf(exclude?: RegExp): Promise<number> {
  const folder = await temporaryFolder()
  for (const name of ['app.log', 'app.log.1', 'app.log.2.gz']) await writeFile(join(folder, name), `${name}\n`)
  const source = files({ path: join(folder, 'app.log*'), decode: text, ...(exclude && { exclude }) })
  const context = { clock: { now: Date.now }, signal: new AbortController().signal }
  const list = await source.partitions(context)[Symbol.asyncIterator]().next()
  return (list.value as { partitions: readonly object[] }).partitions.length
}

test('leaves out what is excluded', async () => {
  expect(await partitionsOf()).toBe(3)
  // the flag would make it remember where it has matched
  expect(await partitionsOf(/\.gz$/g)).toBe(2)
})
