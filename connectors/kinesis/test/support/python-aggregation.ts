import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'

const services = process.env['MILLRACE_TEST_SERVICES'] ?? resolve(import.meta.dirname, '../../../../.services')
const folder = join(services, 'aws-kinesis-agg')

/** Why AWS's own module for aggregates cannot be had here; undefined when it can. It is fetched once, beside the repository's other services. */
export function missingPython(): string | undefined {
  if (existsSync(folder)) return undefined
  try {
    execFileSync('python3', ['-m', 'pip', '--version'], { stdio: 'ignore' })
  } catch {
    return 'there is no python3 with pip'
  }
  mkdirSync(services, { recursive: true })
  const own = mkdtempSync(`${folder}.`)
  try {
    const packages = ['aws-kinesis-agg==1.2.3', 'protobuf']
    execFileSync('python3', ['-m', 'pip', 'install', '--quiet', '--target', own, ...packages], { stdio: 'pipe' })
    renameSync(own, folder)
  } catch (error) {
    rmSync(own, { recursive: true, force: true })
    if (existsSync(folder)) return undefined
    if (process.env['CI']) throw error
    return `pip cannot fetch it: ${(error as Error).message}`
  }
  return undefined
}

/** Runs some Python with the module. */
export function python(program: string, input: string): string {
  return execFileSync('python3', ['-c', program], {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { ...process.env, PYTHONPATH: folder },
  })
}
