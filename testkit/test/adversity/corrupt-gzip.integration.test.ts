import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { failureOf, runJob, summaryOf } from '../support/millrace.ts'
import { expectNoRepeats, expectTally, marks, visibleMarks } from '../support/tally.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const count = 20_000
const whole = gzipSync(marks(0, count))

/** The bytes with some of them replaced by others. */
function withBytes(bytes: Buffer, at: number, other: Buffer): Buffer {
  const changed = Buffer.from(bytes)
  other.copy(changed, at)
  return changed
}

const damages = {
  'cut short': { bytes: whole.subarray(0, whole.length - 20_000), cause: 'unexpected end of file' },
  'cut in its trailer': { bytes: whole.subarray(0, whole.length - 3), cause: 'unexpected end of file' },
  'overwritten in the middle': { bytes: withBytes(whole, whole.length >> 1, Buffer.alloc(512, 0xff)), cause: 'invalid' },
  'of a wrong checksum': { bytes: withBytes(whole, whole.length - 8, Buffer.alloc(4, 7)), cause: 'incorrect data check' },
  'followed by garbage': { bytes: Buffer.concat([whole, Buffer.from('garbage')]), cause: 'incorrect header check' },
}

for (const [damage, { bytes, cause }] of Object.entries(damages)) {
  test(`names file, place and cure of gzip that is ${damage}, and delivers all of it once the file is mended`, async () => {
    const folder = temporaryFolder()
    const [input, out] = [join(folder, 'marks.ndjson.gz'), join(folder, 'out')]
    const job = { set: { input, out, rollAge: '0s' }, state: join(folder, 'state.db') }
    writeFileSync(input, bytes)

    const failed = await runJob(job)
    expect(failed.code).toBe(1)
    const { code, message } = failureOf(failed)
    expect(code).toBe('SOURCE')
    expect(message).toContain(input)
    expect(message).toMatch(/cannot be read past byte \d+ of its content \(byte \d+ of the file\)/)
    expect(message).toContain(cause)
    expect(message).toContain('Mend the file in place')
    expectNoRepeats(out, count)
    const good = visibleMarks(out)
    console.log(damage, good, message)

    const again = await runJob(job)
    expect(again.code).toBe(1)
    expectNoRepeats(out, count)
    expect(visibleMarks(out)).toBeGreaterThanOrEqual(good)

    writeFileSync(input, whole)
    expect(summaryOf(await runJob(job))['ending']).toBe('finished')
    expectTally(out, count)
  })
}
