import { expect, test } from 'vitest'
import { finishedJob, stateFile } from '../support/finished-job.ts'
import { fixture } from '../support/fixture.ts'
import { folder } from '../support/folder.ts'
import { inProcess } from '../support/in-process.ts'
import { millrace } from '../support/millrace.ts'
import { allowProcesses } from '../support/slow.ts'

allowProcesses()

test('lists dead letters, oldest first', async () => {
  const { code, stdout, stderr } = await millrace(['dlq', 'ls', '--state', stateFile], { cwd: await finishedJob() })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const [titles, ...rows] = stdout.trimEnd().split('\n')
  expect(titles).toMatch(/^id +time +node +code +position +message$/)
  expect(rows).toEqual([
    expect.stringMatching(/^ 1 +20\d\d-.* +views\.filter +USER_CODE +views\/p0@2 +a view without page$/),
    expect.stringMatching(
      /^ 2 +20\d\d-.* +views\.window +LATE +views\/p0@5 +the record of 1970-01-01T00:00:04\.000Z came after/,
    ),
  ])
})

test('lists those of one code, and no more than asked for', async () => {
  const cwd = await finishedJob()
  const late = await inProcess(['dlq', 'ls', '--code', 'LATE', '--json'], cwd)
  expect(JSON.parse(late.stdout)).toMatchObject([{ id: 2, code: 'LATE', text: '{"page":"/a","at":4000}' }])
  const one = await inProcess(['dlq', 'ls', '--limit', '1'], cwd)
  expect(one.stdout).toContain('There are more: --after 1 goes on')
  expect((await inProcess(['dlq', 'ls', '--after', '2'], cwd)).stdout).toBe(`${stateFile}: no dead letters\n`)
})

test('shows one, with its bytes as text or in hex', async () => {
  const cwd = await finishedJob()
  const { code, stdout } = await millrace(['dlq', 'show', '1'], { cwd })
  expect(code).toBe(0)
  for (const line of [
    /^state +stored$/m,
    /^event time +1970-01-01 00:00:03Z$/m,
    /^source +views$/m,
    /^partition +p0$/m,
    /^position +2$/m,
    /^node +views\.filter$/m,
    /^code +USER_CODE: A function of the topology threw\.$/m,
    /^message +a view without page$/m,
    /\n\n\{"page":"","at":3000\}\n$/,
  ])
    expect(stdout).toMatch(line)
  const hex = await inProcess(['dlq', 'show', '1', '--hex'], cwd)
  expect(hex.stdout).toContain('00000000  7b 22 70 61 67 65 22 3a 22 22 2c 22 61 74 22 3a  {"page":"","at":\n')
  const json = await inProcess(['dlq', 'show', '1', '--json'], cwd)
  expect(JSON.parse(json.stdout)).toMatchObject({
    id: 1,
    base64: Buffer.from('{"page":"","at":3000}').toString('base64'),
  })
})

test('marks those that are to be read again; the next start reads them', async () => {
  const cwd = await finishedJob()
  const marked = await millrace(['dlq', 'redrive', '1'], { cwd })
  expect(marked).toMatchObject({ code: 0, stderr: '' })
  expect(marked.stdout).toBe(
    `1 marked. The next start (\`millrace run <topology.ts> --state ${stateFile}\`) reads them again; ` +
      'each then leaves the list, or comes back under a new id.\n',
  )
  expect((await inProcess(['dlq', 'ls'], cwd)).stdout).toContain('(to be read again) a view without page')
  expect((await inProcess(['dlq', 'show', '1'], cwd)).stdout).toMatch(/^state +marked: it is read again$/m)

  expect((await millrace(['run', fixture('page-views')], { cwd })).code).toBe(0)
  const left = JSON.parse((await inProcess(['dlq', 'ls', '--json'], cwd)).stdout) as { readonly id: number }[]
  expect(left.map(({ id }) => id)).toEqual([2, 3])
})

test('marks all, those of a code, or the oldest', async () => {
  const marked = async (...args: string[]) => {
    const { stdout } = await inProcess(['dlq', 'redrive', ...args, '--json'], await finishedJob())
    return JSON.parse(stdout) as unknown
  }
  expect(await marked('--all')).toEqual({ marked: 2, state: stateFile, runningPid: null })
  expect(await marked('--all', '--code', 'LATE')).toMatchObject({ marked: 1 })
  expect(await marked('--all', '--code', 'SINK')).toMatchObject({ marked: 0 })
  expect(await marked('--all', '--limit', '1')).toMatchObject({ marked: 1 })
  expect(await marked('2', '1')).toMatchObject({ marked: 2 })
})

test('refuses what makes no sense, with exit code 2', async () => {
  const cwd = await finishedJob()
  const says = async (...args: string[]) => {
    const { code, stderr } = await inProcess(['dlq', ...args], cwd)
    expect(code).toBe(2)
    return stderr
  }
  expect(await says('ls', '--code', 'LATER')).toContain('--code: there is no code "LATER"; did you mean LATE?')
  expect(await says('ls', '--limit', '0')).toContain('Give a whole number, 1 or more.')
  expect(await says('show', '17')).toContain(
    `id: there is no dead letter 17 in ${stateFile}; \`millrace dlq ls\` lists them`,
  )
  expect(await says('show', 'x')).toContain('Give a whole number, 1 or more.')
  expect(await says('redrive')).toContain('ids: name the dead letters, or give --all')
  expect(await says('redrive', '1', '--all')).toContain('--all: means every dead letter; leave out the ids, or --all')
  expect(await says('redrive', '1', '--code', 'LATE')).toContain('--code and --limit: choose among --all')
  expect(await says('redrive', '1', '17')).toContain('id: there is no dead letter 17')
  expect((await inProcess(['dlq', 'show', '1'], cwd)).stdout).toMatch(/^state +stored$/m)
})

test('names the state file that is not there', async () => {
  for (const command of [['ls'], ['show', '1'], ['redrive', '--all']])
    expect(await inProcess(['dlq', ...command, '--state', 'nope.db'], folder())).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--state: there is no state file nope.db'),
    })
})
