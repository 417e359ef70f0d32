// All tests, then one plain line that counts them. Arguments go to vitest.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './run.ts'

interface Results {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: { status: string; assertionResults: { status: string }[] }[]
}

const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'))
const file = join(folder, 'results.json')
const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...process.argv.slice(2)]
const code = run('vitest', args)

console.log(summary(code))
rmSync(folder, { recursive: true })
process.exitCode = code

function summary(exitCode: number): string {
  const results = read()
  const skipped = results ? results.numPendingTests + results.numTodoTests : 0
  const failed = Math.max(results ? results.numFailedTests + brokenFiles(results) : 0, exitCode === 0 ? 0 : 1)
  return `${results?.numPassedTests ?? 0} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

function read(): Results | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

/** Files that failed outside any test: a module that does not load, a hook that throws. */
function brokenFiles({ testResults }: Results): number {
  const isBroken = ({ status, assertionResults }: Results['testResults'][number]) =>
    status === 'failed' && assertionResults.every((test) => test.status !== 'failed')
  return testResults.filter(isBroken).length
}
