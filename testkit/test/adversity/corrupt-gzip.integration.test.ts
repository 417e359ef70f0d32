import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { failureOf, runJob, summaryOf } from '../support/millrace.ts'
import { expectNoRepeats, expectTally, marks, visibleMarks } from '../support/tally.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const count = 2_000
const half = gzipSync(marks(0, count / 2))
const otherHalf = gzipSync(marks(count / 2, count))
const whole = Buffer.concat([half, otherHalf])

/** The bytes with some of them replaced. */
function overwritten(bytes: Buffer, at: number, length: number): Buffer {
  const changed = Buffer.from(bytes)
  return changed.fill(0xff, at, at + length)
}

const damages = {
  'cut short': { bytes: whole.subarray(0, whole.length - 2_000), cause: 'unexpected end of file' },
  'cut in its trailer': { bytes: whole.subarray(0, whole.length - 3), cause: 'unexpected end of file' },
  'overwritten where its second half begins': {
    bytes: overwritten(whole, half.length, 512),
    cause: 'incorrect header',
  },
  'followed by garbage': { bytes: Buffer.concat([whole, Buffer.from('garbage')]), cause: 'incorrect header check' },
}

for (const [damage, { bytes, cause }] of Object.entries(damages)) {
  test(`names file, place and cure of gzip that is ${damage}, and delivers all of it once it is mended`, async () => {
    const folder = temporaryFolder()
    const [input, out] = [join(folder, 'marks.ndjson.gz'), join(folder, 'out')]
    const job = { set: { input, out, rollAgeMs: 0 }, state: join(folder, 'state.db') }
    writeFileSync(input, bytes)

    const failed = await runJob(job)
    expect(failed.code).toBe(1)
    const { code, message } = failureOf(failed)
    expect(code).toBe('SOURCE')
    expect(message).toContain(`${input}: the gzip data cannot be read past byte `)
    expect(message).toMatch(new RegExp(`of its content .byte \\d+ of the file.: ${cause}.*Mend the file in place`))
    expectNoRepeats(out, count)

    writeFileSync(input, whole)
    expect(summaryOf(await runJob(job))['ending']).toBe('finished')
    expectTally(out, count)
  })
}

test('makes visible what is good of a corrupt file before it ends, however long it is until the next checkpoint', async () => {
  const folder = temporaryFolder()
  const [input, out] = [join(folder, 'marks.ndjson.gz'), join(folder, 'out')]
  const job = { set: { input, out, verify: false }, state: join(folder, 'state.db'), checkpointEvery: '1m' }
  writeFileSync(input, overwritten(whole, half.length, 512))

  expect((await runJob(job)).code).toBe(1)
  expect(visibleMarks(out)).toBe(count / 2)
  expect((await runJob(job)).code).toBe(1)
  expectNoRepeats(out, count)

  writeFileSync(input, whole)
  expect(summaryOf(await runJob(job))['ending']).toBe('finished')
  expectTally(out, count)
})

// Its checksum stands at the end, so a file is read once before anything of it is delivered.
test('delivers nothing that a flipped bit made of the data, and all of it once the file is mended', async () => {
  const folder = temporaryFolder()
  const [input, out] = [join(folder, 'marks.ndjson.gz'), join(folder, 'out')]
  const job = { set: { input, out, rollAgeMs: 0 }, state: join(folder, 'state.db') }
  const flipped = Buffer.from(whole)
  const middle = half.length + (otherHalf.length >> 1)
  flipped[middle] = (flipped[middle] ?? 0) ^ 0x10
  writeFileSync(input, flipped)

  const { code, message } = failureOf(await runJob(job))
  expect(code).toBe('SOURCE')
  expect(message).toContain(`${input}: the gzip data cannot be read past byte `)
  expectNoRepeats(out, count)

  writeFileSync(input, whole)
  expect(summaryOf(await runJob(job))['ending']).toBe('finished')
  expectTally(out, count)
})
