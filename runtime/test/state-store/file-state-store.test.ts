import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fileStateStore } from '../../src/state-store/file-state-store.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { blobOf, stateStoreSuite, type StoreUnderTest } from './support/state-store-suite.ts'

stateStoreSuite(async () => folderStore())

function folderStore(): StoreUnderTest & { readonly dir: string } {
  const dir = temporaryFolder()
  const connect = (): StoreUnderTest['store'] => fileStateStore({ dir, job: 'a job/of mine' })
  return {
    dir,
    store: connect(),
    connect,
    async damage(id, how) {
      const path = filesOf(dir).find((file) => file.endsWith(`/${id}`)) ?? ''
      if (how === 'missing') return rmSync(path)
      const bytes = readFileSync(path)
      writeFileSync(path, how === 'shorter' ? bytes.subarray(1) : bytes.map((byte) => byte ^ 1))
    },
    dispose: async () => rmSync(dir, { recursive: true }),
  }
}

const filesOf = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))

test('leaves nothing unfinished behind, and lists what a process left that died', async () => {
  const { store, dir, dispose } = folderStore()
  onTestFinished(dispose)
  const bytes = Buffer.from('state')
  await store.write('clicks/0', blobOf('a', bytes), bytes)
  const [file = '', ...others] = filesOf(dir)
  expect(others).toEqual([])
  writeFileSync(`${file}.n1.tmp`, 'half')
  expect((await store.list('clicks/0')).map(({ id }) => id).toSorted()).toEqual(['a', 'a.n1.tmp'])
  await store.remove('clicks/0', ['a.n1.tmp'])
  expect(filesOf(dir)).toEqual([file])
})

test('says which folder it cannot use, and what to do', async () => {
  const store = fileStateStore({ dir: '/dev/null/state', job: 'job' })
  await expect(store.write('clicks/0', blobOf('a', Buffer.of()), Buffer.of())).rejects.toThrow(
    /^state folder \/dev\/null\/state\/job: .*; see whether its disk is there$/,
  )
})

test('refuses options without a folder or a job', () => {
  expect(() => fileStateStore({ dir: '', job: 'job' })).toThrow('dir: name the folder of the state')
  expect(() => fileStateStore({ dir: '/tmp', job: '' })).toThrow('job: name the job')
})
