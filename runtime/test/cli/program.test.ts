import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { folder } from './support/folder.ts'
import { inProcess } from './support/in-process.ts'
import { millrace } from './support/millrace.ts'
import { allowProcesses } from './support/slow.ts'

allowProcesses()

test('prints the version of the package', async () => {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(manifest) as { version: string }
  expect(await millrace(['--version'], { cwd: folder() })).toMatchObject({
    code: 0,
    stdout: `${version}\n`,
    stderr: '',
  })
})

test('helps with commands, examples and exit codes', async () => {
  const { code, stdout, stderr } = await inProcess(['--help'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  for (const part of [
    'run',
    'explain',
    'validate',
    'status',
    'drain',
    'rewind',
    'checkpoints',
    'dlq',
    'init',
    'Examples:',
    'Exit codes:',
    '(LEASE_HELD)',
  ])
    expect(stdout).toContain(part)
})

test.for([
  ['run'],
  ['explain'],
  ['validate'],
  ['init'],
  ['checkpoints', 'ls'],
  ['checkpoints', 'show'],
  ['checkpoints', 'export'],
  ['checkpoints', 'import'],
  ['status'],
  ['drain'],
  ['rewind'],
  ['dlq', 'ls'],
  ['dlq', 'show'],
  ['dlq', 'redrive'],
])('helps by examples: %s %s', async (command) => {
  const { code, stdout } = await inProcess([...command, '--help'])
  expect(code).toBe(0)
  expect(stdout).toContain(`$ millrace ${command.join(' ')}`)
})

test.for([
  { args: ['runn'], says: "error: unknown command 'runn'\n(Did you mean run?)\n" },
  { args: ['checkpoints', 'sow'], says: "error: unknown command 'sow'\n(Did you mean show?)\n" },
  { args: ['run', 't.ts', '--sate', 'x'], says: "error: unknown option '--sate'\n(Did you mean --state?)\n" },
  { args: ['dlq', 'redrive', '--al'], says: "error: unknown option '--al'\n(Did you mean --all?)\n" },
  { args: ['explain'], says: "error: missing required argument 'topology.ts'\n" },
  { args: ['status'], says: "error: required option '--state <url>' not specified\n" },
  { args: ['rewind'], says: "error: required option '--to <when>' not specified\n" },
  { args: ['run', 't.ts', '--state'], says: "error: option '--state <where>' argument missing\n" },
  {
    args: ['run', 't.ts', '--log-level', 'loud'],
    says: "error: option '--log-level <level>' argument 'loud' is invalid. Allowed choices are debug, info, warn, error.\n",
  },
])('refuses $args with exit code 2', async ({ args, says }) => {
  expect(await inProcess(args)).toEqual({ code: 2, stdout: '', stderr: says })
})

test('shows the help and exits with 2 when no command is given', async () => {
  const { code, stderr } = await inProcess([])
  expect(code).toBe(2)
  expect(stderr).toContain('Usage: millrace')
})
