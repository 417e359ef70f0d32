import { readFileSync } from 'node:fs'
import { until } from '@millrace/testkit'
import { describeWithRedis } from '@millrace/testkit/vitest'
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { fixture } from './support/fixture.ts'
import { folder } from './support/folder.ts'
import { type Said, inProcess } from './support/in-process.ts'
import { type Ended, logLines, millrace, type Started, startMillrace } from './support/millrace.ts'
import { redisDatabases } from './support/redis-databases.ts'

const lines = ({ stdout }: Ended): string[] => stdout.trim().split('\n').filter(Boolean).toSorted()

const views = ['/a 0 2', '/a 120000 1', '/b 60000 1']

/** Page, start and count of each window. */
const windows = (ended: Ended): string[] =>
  lines(ended).map((line) => {
    const { page, start, views: count } = JSON.parse(line) as { page: string; start: number; views: number }
    return `${page} ${start} ${count}`
  })

interface Status {
  readonly run: string
  readonly finished: boolean
  readonly totals: { readonly tasks: number; readonly owned: number; readonly workers: number }
  readonly problems: readonly { readonly kind: string; readonly task?: string; readonly text: string }[]
  readonly workers: readonly { readonly worker: string; readonly tasks: number; readonly isDraining: boolean }[]
  readonly tasks: readonly { readonly task: string; readonly owner: string | null }[]
}

describeWithRedis('workers that share a Redis', () => {
  const databases = redisDatabases()

  /** A job of its own, and commands about it. */
  const place = (name: Parameters<typeof fixture>[0], job: string = name) => {
    const [url, cwd] = [databases.next(), folder()]
    const about = (command: string): Promise<Said> =>
      inProcess([...command.split(' '), '--state', url, '--job', job], cwd)
    const run = (...args: string[]): Started => startMillrace(['run', fixture(name), '--state', url, ...args], { cwd })
    const status = async (): Promise<Status> => JSON.parse((await about('status --json')).stdout) as Status
    return { url, cwd, about, run, status }
  }

  test('one worker runs a bounded job to its end; all about it is found there', async () => {
    const { url, about, run, cwd } = place('page-views')
    const ended = await run('--worker', 'w1', '--partitions', '4').ended
    expect(ended.code).toBe(0)
    expect(windows(ended)).toEqual(views)
    expect(logLines(ended).at(-1)).toMatchObject({
      msg: 'summary',
      ending: 'finished',
      written: 3,
      statePath: url,
      deadLettersAre: `see them: millrace dlq ls --state ${url} --job page-views`,
    })
    expect((await about('checkpoints ls')).stdout).toMatch(/^task .*\n(.*\n)*views\.window\/0 +\d+ /)
    expect((await about('checkpoints show --task views.window/0')).stdout).toMatch(
      /^task +views\.window\/0$(.*\n)*^views\.window +0 +ended /m,
    )
    expect(await about('checkpoints show')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--task: name one of '),
    })
    expect((await about('dlq ls')).stdout).toMatch(/views\.filter +USER_CODE +views\/p0@2 +a view without page\n/)
    expect((await about('dlq show 1')).stdout).toContain('{"page":"","at":3000}\n')
    const validate = (...args: string[]) =>
      millrace(['validate', fixture('page-views'), '--state', url, ...args], { cwd })
    expect(await validate()).toMatchObject({ code: 0, stdout: expect.stringMatching(/views\.window +same/) })
    expect(await validate('--set', 'size=5')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/views\.window +changed/),
    })
  })

  test('several workers in one process share a job', async () => {
    const { run } = place('page-views')
    const ended = await run('--workers', '3').ended
    expect(ended.code).toBe(0)
    expect(windows(ended)).toEqual(views)
    expect(logLines(ended).at(-1)).toMatchObject({
      msg: 'summary',
      ending: 'finished',
      records: 7,
      written: 3,
      deadLetters: 2,
    })
  })

  test('one signal stops all workers of a process', async () => {
    const { run, status } = place('endless')
    const job = run('--workers', '2', '--worker', 'here', '--checkpoint-every', '10ms')
    await job.says('{"n":3}')
    await until(async () => (await status()).totals.workers === 2, { what: 'two workers' })
    expect((await status()).workers).toMatchObject([{ worker: 'here/1' }, { worker: 'here/2' }])
    job.kill('SIGTERM')
    const ended = await job.ended
    expect(ended).toMatchObject({ code: 0, stdout: '{"from":0}\n{"n":1}\n{"n":2}\n{"n":3}\n' })
    expect(logLines(ended).at(-1)).toMatchObject({ ending: 'stopped', records: 3 })
    expect((await status()).workers).toEqual([])

    const next = run('--workers', '2')
    await next.says('{"from":3}')
    next.kill('SIGINT')
    expect(await next.ended).toMatchObject({ code: 0, stdout: '{"from":3}\n' })
  })

  test('a worker that fails ends the process, which says why once', async () => {
    const { run } = place('failing')
    const ended = await run('--workers', '2').ended
    expect(ended.code).toBe(1)
    const errors = logLines(ended).filter(({ level }) => level === 'error')
    expect(errors).toMatchObject([
      {
        err: {
          code: 'USER_CODE',
          node: 'words.map',
          partition: 'p0',
          position: '1',
          at: expect.stringMatching(/failing\.ts:\d+:\d+$/),
        },
      },
    ])
  })

  test('what is wrong with the stored state is said with its exit code, from a thread as well', async () => {
    const { run } = place('keeping')
    const job = run('--checkpoint-every', '10ms')
    await job.says('{"n":1}')
    job.kill('SIGTERM')
    await job.ended
    for (const workers of ['1', '2']) expect((await run('--set', 'by=m', '--workers', workers).ended).code).toBe(5)
  })

  test('the status names workers and tasks, and what is wrong once a worker is killed', async () => {
    const { run, status, about } = place('endless')
    const job = run('--worker', 'w1', '--lease', '2s')
    await job.says('{"from":0}')
    await until(async () => (await status()).problems.length === 0, { what: 'no problems' })
    expect(await status()).toMatchObject({
      totals: { workers: 1, tasks: 1, owned: 1 },
      workers: [{ worker: 'w1', isDraining: false }],
      tasks: [{ task: 'numbers/p0', owner: 'w1' }],
    })
    expect((await about('status')).stdout).toMatch(/^numbers\/p0 +runs +w1 +1 /m)
    job.kill('SIGKILL')
    await job.ended
    await until(async () => (await status()).problems.length > 0, { what: 'a problem' })
    expect((await status()).problems[0]).toMatchObject({
      kind: 'no workers',
      text: 'nobody runs the job; 1 tasks wait for somebody',
    })
  })

  test('a status that is watched comes again and again, a line each in JSON', async () => {
    const { run, url, cwd } = place('page-views')
    await run().ended
    const watching = startMillrace(['status', '--state', url, '--job', 'page-views', '--watch', '--json'], { cwd })
    await watching.says('\n{')
    watching.kill('SIGINT')
    const { stdout } = await watching.ended
    for (const line of stdout.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ finished: true })
  })

  test('a worker that is drained gives its tasks to another one, and lives on', async () => {
    const { run, status, about } = place('endless')
    const first = run('--worker', 'w1', '--checkpoint-every', '10ms')
    await first.says('{"n":3}')
    expect(await about('drain w2')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('worker: there is no w2; there are w1'),
    })
    const second = run('--worker', 'w2')
    await until(async () => (await status()).totals.workers === 2, { what: 'both workers' })
    expect((await about('drain w1')).stdout).toContain('w1 gives its')
    const hasMoved = ({ workers, tasks }: Status): boolean =>
      tasks.every(({ owner }) => owner === 'w2') &&
      workers.some((info) => info.worker === 'w1' && info.isDraining && info.tasks === 0)
    await until(async () => hasMoved(await status()), { what: 'all tasks at w2' })
    await second.says('{"from":3}')
    for (const job of [first, second]) {
      job.kill('SIGTERM')
      expect((await job.ended).code).toBe(0)
    }
  })

  test('a dead letter that was mended is read again, once', async () => {
    const { run, about } = place('page-views')
    await run().ended
    expect((await about('dlq redrive 1 --json')).stdout).toMatch(/^\{"marked":1,.*"runningPid":null\}/)
    expect((await run().ended).code).toBe(0)
    const left = JSON.parse((await about('dlq ls --json')).stdout) as { readonly id: number }[]
    expect(left.map(({ id }) => id)).toEqual([2, 3])
  })

  test('a running worker is named as the one that reads letters again', async () => {
    const { run, about } = place('endless')
    const job = run('--worker', 'w1')
    await job.says('{"from":0}')
    expect(JSON.parse((await about('dlq redrive --all --json')).stdout)).toMatchObject({ marked: 0, workers: ['w1'] })
  })

  test('a rewind begins the job anew, but not while workers are alive', async () => {
    const { run, about, status } = place('endless')
    const job = run('--worker', 'w1', '--checkpoint-every', '10ms')
    await job.says('{"n":3}')
    expect(await about('rewind --to start --yes')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('rewind: w1 runs the job'),
    })
    job.kill('SIGTERM')
    await job.ended
    const before = (await status()).run
    expect(await about('rewind --to start --yes')).toMatchObject({ code: 0 })
    expect((await status()).run).not.toBe(before)
    const next = run()
    await next.says('{"n":3}')
    next.kill('SIGTERM')
    expect((await next.ended).stdout).toContain('{"from":0}')
  })

  test('a rewind to a moment begins where the source was then', async () => {
    const { url, run, cwd } = place('timed')
    expect(lines(await run().ended)).toHaveLength(4)
    const rewind = (...args: string[]) => millrace(['rewind', ...args, '--state', url, '--yes'], { cwd })
    expect(await rewind(fixture('timed'), '--to', '2026-01-01T00:20:00Z')).toMatchObject({ code: 0, stderr: '' })
    expect(lines(await run().ended)).toEqual([20, 30].map((minute) => `{"at":${Date.UTC(2026, 0, 1, 0, minute)}}`))
    expect(await rewind(fixture('page-views'), '--to', '2026-01-01T00:20:00Z')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--to: views (scripted) cannot tell where it was at a moment'),
    })
  })

  test('a job goes on from an export on another Redis, with its state in files', async () => {
    const { run, about, cwd } = place('page-views')
    const store = ['--state-store', 'file:state']
    expect((await run(...store).ended).code).toBe(0)
    expect(await about('checkpoints export pv.export --state-store file:state')).toMatchObject({ code: 0 })
    const other = databases.next()
    const command = ['checkpoints', 'import', 'pv.export', '--state', other, '--state-store', 'file:other']
    expect(await inProcess(command, cwd)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('job page-views, 17 tasks'),
    })
    const args = ['run', fixture('page-views'), '--state', other, '--state-store', 'file:other']
    expect(await millrace(args, { cwd })).toMatchObject({ code: 0, stdout: '' })
  })

  test('a job that was never started is said so', async () => {
    const { about } = place('endless')
    for (const command of ['status', 'drain w1', 'dlq ls', 'checkpoints ls'])
      expect(await about(command)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("--job: no job 'endless' was ever started at redis://"),
      })
  })

  test('a password is printed nowhere: not in errors, logs, summaries, or the list of processes', async () => {
    const { url, cwd } = place('endless')
    const admin = new Redis(url)
    await admin.acl('SETUSER', 'stream', 'on', '>hunter2secret', '~*', '&*', '+@all')
    admin.disconnect()
    const withPassword = (password: string): string => url.replace('redis://', `redis://stream:${password}@`)

    const wrong = await millrace(['status', '--state', withPassword('wr0ngsecret'), '--job', 'endless'], { cwd })
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('WRONGPASS') })
    expect(`${wrong.stdout}${wrong.stderr}`).not.toContain('wr0ngsecret')

    const job = startMillrace(
      ['run', fixture('endless'), '--state', withPassword('hunter2secret'), '--workers', '2', '--log-level', 'debug'],
      { cwd },
    )
    await job.says('{"n":3}')
    const shown = readFileSync(`/proc/${job.pid}/cmdline`, 'utf8')
    expect(shown).toContain('redis://stream:[secret]@')
    expect(shown).not.toContain('hunter2secret')
    job.kill('SIGTERM')
    const ended = await job.ended
    expect(ended.code).toBe(0)
    expect(`${ended.stdout}${ended.stderr}`).not.toContain('hunter2secret')

    const env = { MILLRACE_REDIS_PASSWORD: 'hunter2secret' }
    const told = await millrace(['status', '--state', url.replace('redis://', 'redis://stream@'), '--job', 'endless'], {
      cwd,
      env,
    })
    expect(told).toMatchObject({ code: 0, stdout: expect.stringContaining(`endless at ${url}`) })
  })
})
