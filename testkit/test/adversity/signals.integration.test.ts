import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { logOf, runJob, startJob, summaryOf } from '../support/millrace.ts'
import { expectNoRepeats, expectTally, marks, visibleMarks } from '../support/tally.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const block = 200

/** Writes to a file as fast as a job reads it, block after block. */
class Load {
  readonly #path: string
  #isOn = true
  /** Marks written. */
  count = 0
  readonly #done: Promise<void>

  constructor(path: string) {
    this.#path = path
    writeFileSync(path, '')
    this.#done = this.#write()
    onTestFinished(() => this.stop())
  }

  async stop(): Promise<void> {
    this.#isOn = false
    await this.#done
  }

  async #write(): Promise<void> {
    while (this.#isOn) {
      appendFileSync(this.#path, marks(this.count, this.count + block))
      this.count += block
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}

test('stops within five seconds of SIGTERM while records pour in, ends at once on a second signal, and goes on', async () => {
  const folder = temporaryFolder()
  const [input, out] = [join(folder, 'marks.ndjson'), join(folder, 'out')]
  const job = { set: { input, out, rollRecords: 2_000, rollAgeMs: 0 }, state: join(folder, 'state.db') }
  const following = { ...job, set: { ...job.set, follow: true } }
  const load = new Load(input)

  const first = startJob(following)
  await until(() => visibleMarks(out) > 0)
  const asked = performance.now()
  first.kill('SIGTERM')
  expect(summaryOf(await first.ended)['ending']).toBe('stopped')
  expect(performance.now() - asked).toBeLessThan(5_000)
  expectNoRepeats(out, load.count)

  const before = visibleMarks(out)
  const second = startJob(following)
  await until(() => visibleMarks(out) > before)
  // both wait for it, so that the second comes in the middle of the stop; which of them that is, the system decides
  second.kill('SIGSTOP')
  second.kill('SIGINT')
  second.kill('SIGTERM')
  second.kill('SIGCONT')
  const ended = await second.ended
  expect([130, 143]).toContain(ended.code)
  expect(logOf(ended).map(({ msg }) => msg)).toContain(
    'stopping after a last checkpoint; a second signal ends the process at once',
  )
  expectNoRepeats(out, load.count)

  await load.stop()
  expect(summaryOf(await runJob(job))['ending']).toBe('finished')
  expectTally(out, load.count)
})
