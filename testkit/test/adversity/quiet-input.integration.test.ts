import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'vitest'
import { startJob } from '../support/millrace.ts'
import { marks, visibleMarks } from '../support/tally.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

test('shows a file at its age though nothing more comes', async () => {
  const folder = temporaryFolder()
  const [input, out] = [join(folder, 'marks.ndjson'), join(folder, 'out')]
  writeFileSync(input, marks(0, 1_000))
  startJob({ set: { input, out, rollAgeMs: 1_000, follow: true }, state: join(folder, 'state.db') })
  await until(() => visibleMarks(out) === 1_000)
})
